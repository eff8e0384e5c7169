// Starting, running and stopping one server: ports, store, loop.

package import Linux
import Store
import Synchronization
import Wire

/// Why a server cannot start; `hint` says what to do.
package struct StartError: Error, Sendable {
  package let message: String
  package let hint: String
}

/// Set from any thread, read by the loop.
final class StopFlag: Sendable {
  private let flag = Atomic<Bool>(false)
  var isSet: Bool { flag.load(ordering: .acquiring) }
  func set() { flag.store(true, ordering: .releasing) }
}

/// Where a running server can be reached.
package struct ServerAddresses: Sendable, Equatable {
  package var nameServer: String
  package var broker: String
  package var nameServerPort: UInt16
  package var brokerPort: UInt16
}

/// Ends a server from any thread.
package struct ServerStopper: Sendable {
  let flag: StopFlag
  let waker: Waker
  /// The loop ends after its current turn.
  package func stop() {
    flag.set()
    waker.wake()
  }
}

/// A server whose ports are bound and whose store is open; `run()` serves until it is stopped.
package final class RunningServer {
  /// Where it listens, with the ports that the kernel chose for 0, and where clients are sent.
  package let addresses: ServerAddresses
  /// Ends `run()` from any thread.
  package let stopper: ServerStopper
  /// What opening the store found and cut.
  var report: RecoveryReport { node.store.report }
  private let node: Node
  private let loop: Loop

  /// Binds the ports, then opens the store (recovery may take long: `progress` is told done and total bytes).
  ///
  /// - Parameter signals: From `Process.signalDescriptor()` when a signal shall end `run()`, else nil.
  package init(
    _ options: ServerOptions, signals: consuming Descriptor?, progress: (Int64, Int64) -> Void
  ) throws(StartError) {
    let ports = try Ports(options)
    let waker: Waker
    let poller: Poller
    do {
      waker = try Waker()
      poller = try Poller()
    } catch { throw StartError(message: "cannot start the event loop: \(error)", hint: "") }
    var storeOptions = options.store
    guard let levels = Schedule.parse(options.delayLevels) else {
      throw StartError(
        message: "messageDelayLevel \"\(options.delayLevels)\" is no list of delays",
        hint: "write it like \"1s 5s 10s 1m\"")
    }
    storeOptions.delayLevelsMs = levels
    let store: MessageStore
    do {
      store = try MessageStore.open(storeOptions, waker: waker, progress: progress)
    } catch { throw StartError(message: error.message, hint: error.hint) }
    let advertised = Self.advertisedHost(options)
    addresses = ServerAddresses(
      nameServer: "\(advertised):\(ports.nameServerPort)", broker: "\(advertised):\(ports.brokerPort)",
      nameServerPort: ports.nameServerPort, brokerPort: ports.brokerPort)
    let storeHost =
      HostAddress("\(advertised):\(ports.brokerPort)")
      ?? HostAddress(v4: 0x7F00_0001, port: Int32(ports.brokerPort))
    node = Node(
      options: options, store: store, brokerAddress: addresses.broker, storeHost: storeHost,
      log: Log(level: options.logLevel))
    let flag = StopFlag()
    stopper = ServerStopper(flag: flag, waker: waker)
    do {
      loop = try Loop(
        node: node, poller: poller, waker: waker, signals: Loop.Signals(signals), doors: ports.doors,
        stopFlag: flag)
    } catch { throw StartError(message: "cannot watch the ports: \(error)", hint: "") }
    node.touch = { [unowned loop] session in loop.markDirty(session) }
    for notice in store.report.notices { node.log.warn(notice) }
    node.boot()
  }

  /// Serves until `stopper.stop()` or a signal; then closes the store cleanly.
  /// Returns the signal's number, 0 without one.
  package func run() -> Int32 {
    let signal = loop.run()
    node.broker.transactions.close(node)
    node.close()
    node.store.close()
    return signal
  }

  /// The host that clients are told: the flag, else the listen address, else the first reachable one.
  private static func advertisedHost(_ options: ServerOptions) -> String {
    if let advertise = options.advertise { return advertise }
    if options.listen != "0.0.0.0" && options.listen != "::" && options.listen != "[::]" {
      return options.listen
    }
    guard let address = Socket.firstReachableIPv4() else { return "127.0.0.1" }
    return HostAddress(v4: address, port: 0).addressText
  }
}
