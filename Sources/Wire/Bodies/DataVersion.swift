/// The version of a table of configurations (Apache DataVersion). Two tables are the same when all of it is
/// equal.
package struct DataVersion: Equatable, Sendable {
  package var stateVersion: Int64 = 0
  package var timestampMs: Int64 = 0
  package var counter: Int64 = 0

  package init() {}

  /// Zero for members that are missing, or altogether when `json` is nil.
  package init(_ json: JSON?) {
    stateVersion = json?["stateVersion"]?.int ?? 0
    timestampMs = json?["timestamp"]?.int ?? 0
    counter = json?["counter"]?.int ?? 0
  }

  package var json: JSON {
    .record(["counter": .int(counter), "stateVersion": .int(stateVersion), "timestamp": .int(timestampMs)])
  }
}
