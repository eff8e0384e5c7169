// Names of RocketMQ releases by their number on the wire (Apache MQVersion). Pure.

/// Names of releases. Any thread.
package enum Release {
  /// First of the 5.x releases.
  package static let v5: Int32 = 413

  /// "5.3.3" for 479; the number itself where the table is older than the formula.
  package static func name(_ version: Int32) -> String {
    // A release is followed by the snapshot of the next: ten patch levels of two numbers each.
    let base: Int32 = version >= v5 ? v5 : 213
    guard (213..<613).contains(version) else { return "\(version)" }
    let step = version - base
    return "\(base == v5 ? 5 : 4).\(step / 20).\(step % 20 / 2)" + (step % 2 == 0 ? "" : "-snapshot")
  }
}
