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
  /// Writes each snapshot to a file.
  package var recorder: Recorder?
  /// A recording to show instead of a cluster.
  package var replay: String?
  /// Starts a cluster to look at. Runs once on the collector's thread, so the screen is up before it.
  package var demo: (@Sendable () -> Result<DemoHandle, ClientError>)?

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
