// Where two answers to the same request differ, masked as Masks says.

import Wire

@testable import Server

enum Comparison {
  static func differences(_ request: Reply, _ recorded: Reply, _ ours: Reply) -> [String] {
    var result: [String] = []
    func expect(_ what: String, _ theirs: String, _ ours: String) {
      if theirs != ours { result.append("\(what) is \(ours), Apache's \(theirs)") }
    }
    let isDeviation = Masks.deviations.contains {
      $0.asked == request.code && $0.theirs == recorded.code && $0.ours == ours.code
    }
    if isDeviation { return [] }
    expect("code", "\(recorded.code)", "\(ours.code)")
    if recorded.code != ours.code { return result + [ours.remark ?? ""] }
    if recorded.code == 0 { expect("remark", recorded.remark ?? "-", ours.remark ?? "-") }
    for name in Set(recorded.fields.keys).union(ours.fields.keys).sorted() {
      if Masks.isMasked(name, request), recorded.fields[name] != nil, ours.fields[name] != nil { continue }
      if name == "properties", let theirs = recorded.fields[name], let mine = ours.fields[name] {
        let lists = [theirs, mine].map { Masks.masked(Properties(decoding: Array($0.utf8).rawBytes)) }
        if lists[0] != lists[1] { result.append("properties are \(lists[1]), Apache's \(lists[0])") }
        continue
      }
      expect(
        "field \(name)", Masks.masked(name, recorded.fields[name] ?? "-"),
        Masks.masked(name, ours.fields[name] ?? "-"))
    }
    return result + bodies(recorded.body, ours.body)
  }

  private static func bodies(_ recorded: [UInt8], _ ours: [UInt8]) -> [String] {
    if recorded == ours { return [] }
    if let theirs = RecordFacts.all(recorded), !theirs.isEmpty {
      guard let mine = RecordFacts.all(ours) else { return ["the body holds no records"] }
      if theirs.count != mine.count { return ["\(mine.count) records, Apache's answer has \(theirs.count)"] }
      return zip(Masks.masked(theirs), Masks.masked(mine)).flatMap(records)
    }
    if let theirs = try? JSON.parse(recorded), let mine = try? JSON.parse(ours) {
      let (a, b) = (Masks.masked(theirs), Masks.masked(mine))
      return a == b ? [] : ["body is \(text(b)), Apache's \(text(a))"]
    }
    return ["body of \(ours.count) bytes, Apache's has \(recorded.count)"]
  }

  private static func text(_ json: JSON) -> String { String(decoding: json.bytes(.compact), as: UTF8.self) }

  private static func records(_ theirs: RecordFacts, _ ours: RecordFacts) -> [String] {
    var result: [String] = []
    func expect<T: Equatable>(_ what: String, _ a: T, _ b: T) {
      if a != b { result.append("record: \(what) is \(b), Apache's \(a)") }
    }
    let (a, b) = (theirs.record, ours.record)
    expect("topic", theirs.topic, ours.topic)
    expect("reconsume times", a.reconsumeTimes, b.reconsumeTimes)
    if Masks.isRevived(theirs) {
      expect("properties", theirs.properties.names, ours.properties.names)
      return result
    }
    expect("body", theirs.body, ours.body)
    expect("queue", a.queueId, b.queueId)
    if !theirs.topic.hasPrefix("%RETRY%") { expect("queue offset", a.queueOffset, b.queueOffset) }
    expect("flag", a.flag, b.flag)
    expect("sysFlag", a.sysFlag.rawValue, b.sysFlag.rawValue)
    expect("born time", a.bornTimestampMs, b.bornTimestampMs)
    expect("properties", Masks.masked(theirs.properties), Masks.masked(ours.properties))
    return result
  }
}

extension Properties {
  fileprivate var names: [String] { entries.map(\.name).sorted() }
}
