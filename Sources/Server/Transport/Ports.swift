// The three ports of a server: name server, broker, and the broker's fast port two below.

import Linux

/// Bound listeners.
struct Ports {
  let doors: [Door]
  let nameServerPort: UInt16
  let brokerPort: UInt16
  static let backlog: Int32 = 1024
  /// Tries to find two free ports at the right distance when the kernel may choose.
  static let attemptsMax = 64

  /// Port 0 lets the kernel choose; the fast port then is still two below the broker's.
  init(_ options: ServerOptions) throws(StartError) {
    let nameServer = try Self.listen(options.listen, options.nameServerPort, "name server", "--namesrv-port")
    nameServerPort = Socket.localAddress(nameServer).port
    var pair = try Self.brokerPair(options, mayFail: options.brokerPort == 0)
    var attempts = 1
    while pair == nil && attempts < Self.attemptsMax {
      pair = try Self.brokerPair(options, mayFail: attempts + 1 < Self.attemptsMax)
      attempts += 1
    }
    guard let pair else {
      throw StartError(message: "no free pair of ports for the broker", hint: "name one with --port")
    }
    brokerPort = Socket.localAddress(pair.broker.socket).port
    doors = [Door(role: .nameServer, socket: nameServer), pair.broker, pair.fast]
  }

  private static func brokerPair(
    _ options: ServerOptions, mayFail: Bool
  ) throws(StartError) -> (broker: Door, fast: Door)? {
    let broker = try listen(options.listen, options.brokerPort, "broker", "--port")
    let port = Socket.localAddress(broker).port
    if port <= 2 {
      throw StartError(
        message: "port \(port) leaves no room for the fast port two below", hint: "choose a port above 2")
    }
    do {
      let fast = try listen(options.listen, port - 2, "broker's fast port", "--port")
      return (Door(role: .broker, socket: broker), Door(role: .fast, socket: fast))
    } catch {
      if mayFail { return nil }
      throw error
    }
  }

  private static func listen(
    _ host: String, _ port: UInt16, _ what: String, _ flag: String
  ) throws(StartError) -> Descriptor {
    do {
      return try Socket.listen(host: host, port: port, backlog: backlog)
    } catch {
      if error == .addressInUse {
        throw StartError(
          message: "port \(port) (\(what)) on \(host) is in use by another process",
          hint: "another mq serve or broker runs here; stop it or choose another port with \(flag)")
      }
      throw StartError(
        message: "cannot listen on \(host):\(port) (\(what)): \(error)", hint: "check --listen")
    }
  }
}
