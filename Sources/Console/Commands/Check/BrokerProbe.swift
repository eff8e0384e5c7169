// How brokers are: reachable, disk, queues of requests, dispatch (code 28 to every registered process at
// once).

import Client
import Wire

enum BrokerProbe {
  /// Numbers above which something is said.
  struct Limits {
    var diskWarning = 0.75
    var diskCritical = 0.90
    var waitMsWarning = 200.0
    var waitMsCritical = 1000.0
    var behindBytesWarning = 64.0 * 1_048_576
    var behindBytesCritical = 1024.0 * 1_048_576
  }

  /// A broker that answered.
  struct Answer {
    let target: BrokerTarget
    let runtime: BrokerRuntime
  }

  /// Asks all brokers; those that do not answer are findings.
  static func ask(
    _ cluster: Cluster, _ targets: [BrokerTarget], _ findings: inout Findings
  ) -> [Answer] {
    let calls = targets.map { (address: $0.address, request: Request(.getBrokerRuntimeInfo)) }
    var result: [Answer] = []
    for (target, answer) in zip(targets, cluster.callAll(calls)) {
      do throws(ClientError) {
        let runtime = try BrokerRuntime.decode(try answer.get(), from: target.address)
        findings.add(.ok, "reachable", target.label, "\(target.address) answers, version \(runtime.version)")
        result.append(Answer(target: target, runtime: runtime))
      } catch {
        findings.add(
          .critical, "reachable", target.label, error.message,
          hint:
            "it registered \(target.address): start it, or let it advertise an address that clients reach "
            + "(brokerIP1, mq serve --advertise)")
      }
    }
    return result
  }

  /// What the answers say.
  static func judge(_ answers: [Answer], _ limits: Limits, _ findings: inout Findings) {
    for answer in answers {
      let (label, runtime) = (answer.target.label, answer.runtime)
      if let ratio = runtime.double("commitLogDiskRatio"), ratio >= 0 {
        findings.add(
          "disk", label, ratio, warning: limits.diskWarning, critical: limits.diskCritical,
          shown: "\(Values.decimal(ratio * 100, digits: 0))% used",
          hint: "mq broker clean deletes expired logs; fileReservedTime says how long they are kept")
      }
      for (queue, key) in [("send", "sendThreadPoolQueue"), ("pull", "pullThreadPoolQueue")] {
        guard let waitMs = runtime.double(key + "HeadWaitTimeMills") else { continue }
        findings.add(
          "\(queue) queue", label, waitMs, warning: limits.waitMsWarning, critical: limits.waitMsCritical,
          shown: "\(runtime.int(key + "Size") ?? 0) requests wait, the first "
            + Values.durationText(Int64(waitMs)),
          hint: "the broker is overloaded: see mq top, and its disk")
      }
      if let behind = runtime.double("dispatchBehindBytes") {
        findings.add(
          "dispatch", label, behind, warning: limits.behindBytesWarning, critical: limits.behindBytesCritical,
          shown: "queues are \(Values.bytesText(Int64(max(0, behind)))) behind the log",
          hint: "consumers see new messages late; the disk is slow or the broker recovers")
      }
    }
  }

  /// Broker names without a master: nothing can be sent there.
  static func findMasters(_ targets: [BrokerTarget], _ findings: inout Findings) {
    var names: [String] = []
    for target in targets where !names.contains(target.name) { names.append(target.name) }
    for name in names where !targets.contains(where: { $0.name == name && $0.id == 0 }) {
      findings.add(
        .critical, "master", name, "only slaves are registered",
        hint: "nothing can be sent to its queues: start its master, or elect one (mq controller elect)")
    }
  }
}
