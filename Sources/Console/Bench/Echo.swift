// The bare loopback that `mq bench --limit` compares a broker with: a process of its own, started from this
// program.

import Linux

/// A running `mq __echo`; ends with this value.
final class Echo {
  private let child: ChildProcess
  let address: String

  init() throws(Failure) {
    do throws(Errno) {
      let child = try ChildProcess(path: Process.executablePath, arguments: ["__echo"])
      self.child = child
      address = "127.0.0.1:" + (try child.readLine(timeoutMs: Int32(Limits.timeoutMsDefault)))
    } catch { throw Failure(.failed, "the loopback to compare with cannot be started: \(error)") }
  }
}
