// A cluster for `mq top --demo`: a server on a thread, and a thread that produces and consumes.
//
// Threads: the server's loop runs on its own thread and owns the server; the load has its own connections.
// Both end when told; whoever tells waits for them and removes the store.

import Client
import Linux
import Server
import Synchronization
import Top
import Wire

final class DemoCluster: Sendable {
  private let directory: String
  private let started = Signal()
  private let loaded = Signal()
  private let outcome = Mutex<Result<(ServerAddresses, ServerStopper), ClientError>?>(nil)
  private let isEnding = Atomic<Bool>(false)

  /// Starts all of it; blocks until the server listens.
  static func start() -> Result<DemoHandle, ClientError> {
    let directory: String
    do throws(Errno) { directory = try FileSystem.makeTemporaryDirectory(prefix: "mq-demo-") } catch {
      return .failure(
        ClientError(.unreachable, "cannot make a directory for the demo: \(error)", hint: "set TMPDIR"))
    }
    let cluster = DemoCluster(directory)
    let threads = Threads()
    threads.add(Thread.start(name: "mq-demo-server") { cluster.serve() })
    _ = cluster.started.wait(timeoutMs: Limits.timeoutMsDefault)
    switch cluster.outcome.withLock({ $0 }) {
    case .success((let addresses, let stopper)):
      threads.add(Thread.start(name: "mq-demo-load") { cluster.work(addresses.nameServer) })
      // The dashboard asks for the topics at its start and then seldom.
      _ = cluster.loaded.wait(timeoutMs: Limits.loopMs)
      return .success(
        DemoHandle(nameServers: [addresses.nameServer]) {
          cluster.isEnding.store(true, ordering: .releasing)
          stopper.stop()
          threads.join()
          try? FileSystem.removeTree(directory)
        })
    case .failure(let error): return .failure(error)
    case nil: return .failure(ClientError(.timeout, "the demo's server did not start in time"))
    }
  }

  private init(_ directory: String) { self.directory = directory }

  private func serve() {
    var options = ServerOptions(root: directory)
    options.nameServerPort = 0
    options.brokerPort = 0
    options.logLevel = .error
    options.clusterName = "demo"
    options.segmentBytes = Limits.demoSegmentBytes
    do throws(StartError) {
      let server = try RunningServer(options, signals: nil) { _, _ in }
      outcome.withLock { $0 = .success((server.addresses, server.stopper)) }
      started.raise()
      _ = server.run()
    } catch {
      outcome.withLock { $0 = .failure(ClientError(.unreachable, error.message, hint: error.hint)) }
      started.raise()
    }
  }

  private func work(_ nameServer: String) {
    let load = DemoLoad(nameServer)
    let pause = Signal()
    // Failures are expected while the server starts and ends; the next turn tries again.
    while !isEnding.load(ordering: .acquiring) {
      try? load.turn()
      loaded.raise()
      _ = pause.wait(timeoutMs: DemoLoad.turnMs)
    }
  }

  /// The handles of running threads, to join once.
  private final class Threads: Sendable {
    private let handles = Mutex<[Box]>([])

    private final class Box: Sendable {
      private let handle: Mutex<ThreadHandle?>
      init(_ handle: consuming sending ThreadHandle) { self.handle = Mutex(handle) }
      func join() {
        let taken = handle.withLock { $0.take() }
        taken?.join()
      }
    }

    func add(_ handle: consuming sending ThreadHandle) {
      let box = Box(handle)
      handles.withLock { $0.append(box) }
    }

    func join() {
      for box in handles.withLock({ $0 }) { box.join() }
    }
  }
}
