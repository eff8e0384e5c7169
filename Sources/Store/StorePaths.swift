// Where a store keeps its files. `commitlog`, `config`, `abort`, `lock` and `checkpoint` are Apache's; `mq`
// is ours and may be deleted: it is made again from the log.

struct StorePaths: Sendable {
  let root: String

  init(root: String) { self.root = root }

  var commitLog: String { "\(root)/commitlog" }
  var config: String { "\(root)/config" }
  var abort: String { "\(root)/abort" }
  var lock: String { "\(root)/lock" }
  var checkpoint: String { "\(root)/checkpoint" }
  var own: String { "\(root)/mq" }
  var queues: String { "\(own)/queues" }
  var keys: String { "\(own)/keys" }
  var snapshot: String { "\(own)/snapshot" }
  var progress: String { "\(own)/progress" }
  /// Apache's timer wheel: derived from the timer topic, and stale once another broker delivered timers.
  var timerWheel: String { "\(root)/timerwheel" }
  var timerLog: String { "\(root)/timerlog" }

  func arena(_ index: Int) -> String {
    let digits = String(index)
    return "\(queues)/\(String(repeating: "0", count: max(0, 6 - digits.utf8.count)))\(digits)"
  }
}
