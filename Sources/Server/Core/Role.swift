/// Which door of the server a connection came through.
package enum Role: UInt8, Sendable {
  /// 9876.
  case nameServer
  /// 10911.
  case broker
  /// listenPort − 2: everything of the broker but pulls (Apache's fast remoting server).
  case fast
}
