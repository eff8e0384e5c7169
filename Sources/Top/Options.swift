// What the command line says to `mq top`.

package import Client
package import Wire

/// How `mq top` was called.
package struct DashboardOptions: Sendable {
  /// Formats of batch output.
  package enum Format: String, Sendable { case table, json, csv }

  /// "host:port" each; ignored when `demo` is set.
  package var nameServers: [String]
  /// Signs every request; nil signs none.
  package var credentials: Credentials?
  /// 100...60,000 ms.
  package var intervalMs = Limits.intervalMsDefault
  /// Prints snapshots to stdout instead of drawing a screen.
  package var batch = false
  /// Snapshots to print in batch mode; nil goes on until a signal or a closed pipe.
  package var count: Int?
  package var format = Format.table
  /// The screen to begin with, or to print; nil leaves it to the layout that was kept, or to the format.
  package var screen: Page?
  /// What batch output prints: the whole cluster; CSV, which has one table only, the topics.
  var printedScreen: Page { screen ?? (format == .csv ? .topics : .cluster) }
  /// Writes each snapshot to a file.
  package var recorder: Recorder?
  /// A recording to show instead of a cluster.
  package var replay: String?
  /// Prints one snapshot in which nothing waits for a second sample.
  package var once = false
  /// Judges these instead of showing anything; empty for none.
  package var checks: [AlertRule] = []
  /// Rules and thresholds of alerts.
  package var watch = WatchSettings()
  /// Starts a cluster to look at. Runs once on the collector's thread, so the screen is up before it.
  package var demo: (@Sendable () -> Result<DemoHandle, ClientError>)?

  /// How the command line names the cluster, and the saved contexts.
  package var connection = Connection()
  package var contextNames: [String] = []
  package var services = Services()
  package var keys = KeyMap.standard
  /// The layout that was kept, and one line to begin with (why there is none).
  package var layout: SavedLayout?
  package var notice: String?

  package init(nameServers: [String]) { self.nameServers = nameServers }
}

/// A cluster that was started for `--demo`.
package struct DemoHandle: Sendable {
  package let nameServers: [String]
  /// Ends it and removes what it wrote; called once, on the collector's thread.
  package let stop: @Sendable () -> Void

  package init(nameServers: [String], stop: @escaping @Sendable () -> Void) {
    self.nameServers = nameServers
    self.stop = stop
  }
}
