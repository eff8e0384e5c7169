// Which parts of a place are on the screen, and how many lines each gets: tables and graphs stand in bands, a
// band's parts side by side, and bands come and go by rank. Pure.

import Wire

/// What fills a part of the screen.
package enum Content: Hashable, Sendable {
  case table(TableKind)
  /// A number of the cluster over the last minutes.
  case graph(Total)
  /// How long puts take: shares, or the slowest of them over the last minutes where shares are not known.
  case putTimes
  /// The followed number of the open topic or group over the last minutes.
  case trail
}

/// Parts that stand side by side.
package struct Band: Equatable, Sendable {
  package let contents: [Content]
  /// Lines without which it is left out, and lines after which others come first; with its upper edge.
  let linesMin: Int
  let linesWanted: Int
  /// Bands with a high rank are the last to go.
  let rank: Int
  /// True when its tables can always show more rows.
  let isOpen: Bool
  /// The lines that it has in the end.
  package fileprivate(set) var lines = 0

  fileprivate init(
    _ contents: [Content], _ linesMin: Int, _ linesWanted: Int, rank: Int, isOpen: Bool = false
  ) {
    self.contents = contents
    self.linesMin = linesMin
    self.linesWanted = max(linesMin, linesWanted)
    self.rank = rank
    self.isOpen = isOpen
  }
}

/// Bands for each place and size.
package enum Bands {
  /// From here on two parts stand side by side, in boxes; from the second on three or four.
  package static let wideColumns = 120
  package static let widestColumns = 240
  /// Upper edge, titles of columns.
  private static let edgeLines = 2

  /// True where the cluster's graphs have room, so that the header needs none.
  static func hasGraphs(_ size: Size, _ place: Place) -> Bool {
    place.page == .cluster && place.target == nil && size.columns >= wideColumns && size.rows >= 36
  }

  /// The bands that fit into so many lines, from above, with their lines. The table with the focus is among
  /// them.
  static func fitting(_ lines: Int, _ size: Size, _ place: Place, _ counts: [TableKind: Int]) -> [Band] {
    var bands = all(size, place, counts)
    let focus = Content.table(place.table)
    let byRank = bands.indices.arranged { a, b in
      let first = bands[a].contents.contains(focus)
      return first == bands[b].contents.contains(focus) ? bands[a].rank > bands[b].rank : first
    }
    var left = lines
    for index in byRank where left >= bands[index].linesMin || left == lines {
      bands[index].lines = min(left, bands[index].linesMin)
      left -= bands[index].lines
    }
    for index in byRank where bands[index].lines > 0 {
      let more = min(left, bands[index].linesWanted - bands[index].lines)
      bands[index].lines += max(0, more)
      left -= max(0, more)
    }
    bands.removeAll { $0.lines == 0 }
    // What nobody asked for goes to those that can use it, else to the last.
    var takers = bands.indices.filter { bands[$0].isOpen }
    if takers.isEmpty, !bands.isEmpty { takers = [bands.count - 1] }
    for (index, taker) in takers.enumerated() {
      let more = left / (takers.count - index)
      bands[taker].lines += more
      left -= more
    }
    return bands
  }

  private static func all(_ size: Size, _ place: Place, _ counts: [TableKind: Int]) -> [Band] {
    switch place.target {
    case nil where place.page == .cluster: cluster(size, counts)
    case nil: [Band([.table(place.table)], 1, 1, rank: 100, isOpen: true)]
    case .broker?: broker(size, counts)
    case .topic?: topic(size, counts)
    case .group?: group(size, counts)
    case .client?: client(size, counts)
    }
  }

  /// Lines that the longest of tables needs, up to a maximum.
  private static func need(_ kinds: [TableKind], _ counts: [TableKind: Int], max most: Int) -> Int {
    edgeLines + min(most, kinds.reduce(1) { max($0, counts[$1] ?? most) })
  }
  private static func tables(
    _ kinds: [TableKind], _ counts: [TableKind: Int], min least: Int = 2, max most: Int, rank: Int,
    isOpen: Bool = false
  ) -> Band {
    Band(
      kinds.map { .table($0) }, edgeLines + least, need(kinds, counts, max: most), rank: rank, isOpen: isOpen)
  }

  private static func cluster(_ size: Size, _ counts: [TableKind: Int]) -> [Band] {
    if size.columns >= widestColumns {
      var bands = [
        tables([.brokers], counts, max: 10, rank: 100),
        tables([.topics, .groups, .queues], [:], max: 20, rank: 90, isOpen: true),
        tables([.delays, .alerts, .events], [:], max: 12, rank: 70, isOpen: true),
      ]
      let graphs: [Content] = [.graph(.inPerSecond), .graph(.outPerSecond), .graph(.lag), .putTimes]
      if size.rows >= 36 { bands.insert(Band(graphs, 5, 9, rank: 80), at: 0) }
      return bands
    }
    if size.columns >= wideColumns {
      var bands = [
        tables([.brokers], counts, max: 8, rank: 100),
        tables([.topics, .groups], [:], min: 4, max: 10, rank: 90, isOpen: true),
        tables([.queues, .delays], [:], min: 3, max: 5, rank: 40, isOpen: true),
        tables([.alerts, .events], [:], min: 3, max: 6, rank: 45, isOpen: true),
      ]
      if size.rows >= 36 {
        bands.insert(Band([.graph(.outPerSecond), .graph(.lag)], 3, 5, rank: 70), at: 0)
        bands.insert(Band([.graph(.inPerSecond), .putTimes], 5, 6, rank: 80), at: 0)
      }
      return bands
    }
    return [
      tables([.brokers], counts, max: 4, rank: 100),
      tables([.topics], [:], min: 3, max: 6, rank: 90, isOpen: true),
      tables([.groups], [:], min: 3, max: 6, rank: 95, isOpen: true),
      tables([.queues], [:], min: 3, max: 5, rank: 40), tables([.delays], [:], min: 3, max: 5, rank: 35),
      tables([.alerts], [:], min: 3, max: 3, rank: 60), tables([.events], [:], min: 3, max: 3, rank: 50),
    ]
  }

  private static func broker(_ size: Size, _ counts: [TableKind: Int]) -> [Band] {
    if size.columns >= wideColumns {
      return [
        tables([.latencies, .pools], counts, max: 16, rank: 100),
        tables([.settings], [:], max: 10, rank: 90, isOpen: true),
      ]
    }
    return [
      tables([.latencies], counts, max: 14, rank: 100), tables([.pools], counts, max: 8, rank: 90),
      tables([.settings], [:], max: 6, rank: 80, isOpen: true),
    ]
  }
  private static func topic(_ size: Size, _ counts: [TableKind: Int]) -> [Band] {
    if size.columns >= wideColumns {
      return [
        Band([.trail], 4, 6, rank: 60),
        tables([.topicQueues, .topicGroups], counts, max: 18, rank: 100),
        tables([.messages], [:], max: 10, rank: 80, isOpen: true),
      ]
    }
    return [
      Band([.trail], 4, 5, rank: 60), tables([.topicQueues], counts, max: 10, rank: 100),
      tables([.topicGroups], counts, max: 6, rank: 90),
      tables([.messages], [:], max: 5, rank: 80, isOpen: true),
    ]
  }
  private static func group(_ size: Size, _ counts: [TableKind: Int]) -> [Band] {
    let trail = Band([.trail], 4, 6, rank: 60)
    if size.columns >= 200 {
      return [trail, tables([.groupQueues, .groupClients], counts, max: 60, rank: 100)]
    }
    return [
      trail, tables([.groupQueues], counts, max: 16, rank: 100, isOpen: true),
      tables([.groupClients], counts, max: 10, rank: 90),
    ]
  }
  private static func client(_ size: Size, _ counts: [TableKind: Int]) -> [Band] {
    if size.columns >= wideColumns {
      return [
        tables([.subscriptions, .clientQueues], counts, max: 18, rank: 100),
        tables([.stack], [:], max: 10, rank: 80, isOpen: true),
      ]
    }
    return [
      tables([.subscriptions], counts, max: 6, rank: 100), tables([.clientQueues], counts, max: 8, rank: 90),
      tables([.stack], [:], max: 6, rank: 80, isOpen: true),
    ]
  }
}
