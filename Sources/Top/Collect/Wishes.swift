/// What the screen wants from the next sweeps.
package struct Wishes: Equatable, Sendable {
  package var intervalMs = Limits.intervalMsDefault
  package var page = Page.cluster
  /// The thing whose detail is open.
  package var target: Target?
  /// Names of rows on the screen, by kind of table: they are sampled in each sweep.
  package var visible: [TableKind: [String]] = [:]
  /// True when all rows matter alike (batch output): each is sampled as often as the budget allows.
  package var wantsAll = false
  /// What a replay is to do; nil when a cluster is watched.
  package var replay: ReplayWish?
  package init() {}
}
