// What a check found: findings by area, bounded, and a verdict for each area.

/// The parts of a store that are judged, in the order of a report.
package enum StoreArea: String, Sendable, CaseIterable {
  case commitLog, consumeQueue, index, own, timer, config, offsets, checkpoint, state

  /// As it stands in JSON.
  package var name: String { rawValue }
}

/// Whether something needs a hand.
package enum Verdict: Int, Sendable, Comparable {
  case ok, note, bad

  /// As it stands in tables and JSON.
  package var name: String {
    switch self {
    case .ok: "ok"
    case .note: "note"
    case .bad: "bad"
    }
  }

  package static func < (a: Verdict, b: Verdict) -> Bool { a.rawValue < b.rawValue }
}

/// One thing that was found.
package struct Finding: Sendable {
  package let area: StoreArea
  package let verdict: Verdict
  /// Relative to the store.
  package let path: String
  /// Physical offset in the log, or place in the file; nil where there is none.
  package let offset: Int64?
  /// One clause.
  package let text: String
}

/// An area with its verdict.
package struct AreaVerdict: Sendable {
  package let area: StoreArea
  package let verdict: Verdict
  /// One clause with the numbers.
  package let summary: String
}

struct Findings {
  private(set) var list: [Finding] = []
  private(set) var leftOut: Int64 = 0
  private var worst: [StoreArea: Verdict] = [:]
  private var summaries: [StoreArea: String] = [:]
  /// Areas of derived files that no broker sets right by itself.
  private(set) var broken: Set<StoreArea> = []

  /// `isHealed`: a broker sets it right when it starts, though it shows that something was lost.
  mutating func add(
    _ area: StoreArea, _ verdict: Verdict, _ path: String, at offset: Int64? = nil, _ text: String,
    isHealed: Bool = false
  ) {
    if verdict == .bad && !isHealed { broken.insert(area) }
    worst[area] = max(worst[area] ?? .ok, verdict)
    if list.count < Limits.findingsMax {
      list.append(Finding(area: area, verdict: verdict, path: path, offset: offset, text: text))
    } else {
      leftOut += 1
    }
  }

  /// Findings that were counted and not kept.
  mutating func addLeftOut(_ area: StoreArea, _ verdict: Verdict, _ count: Int64) {
    if count <= 0 { return }
    worst[area] = max(worst[area] ?? .ok, verdict)
    leftOut += count
  }

  /// Says what was looked at; an area with neither a summary nor a finding was not there.
  mutating func sum(_ area: StoreArea, _ summary: String) { summaries[area] = summary }

  func verdict(_ area: StoreArea) -> Verdict { worst[area] ?? .ok }

  var areas: [AreaVerdict] {
    StoreArea.allCases.compactMap { area in
      (summaries[area] ?? worst[area].map { _ in "not to be read" }).map {
        AreaVerdict(area: area, verdict: verdict(area), summary: $0)
      }
    }
  }
}

/// "1 record", "2 records", "3 entries".
func counted(_ count: Int64, _ noun: String) -> String {
  if count == 1 { return "1 \(noun)" }
  return noun == "entry" ? "\(count) entries" : "\(count) \(noun)s"
}
