// Runs command lines in this process, against memory and a server of the test's own.

import Linux
import TestSupport
import Wire

@testable import Console

/// What a command line left behind.
struct Outcome {
  var code: Int32
  var out: String
  var error: String
}

/// A moment that all tests take for now: 2026-11-20T10:00:00Z.
let testNowMs: Int64 = 1_795_168_800_000

/// Runs words split at blanks.
func mq(
  _ line: String, environment: [String: String] = [:], answers: [String]? = nil
) -> Outcome {
  mq(line.split(separator: " ").map(String.init), environment: environment, answers: answers)
}

func mq(
  _ words: [String], environment: [String: String] = [:], answers: [String]? = nil
) -> Outcome {
  let streams = Streams(capturing: answers)
  var variables = ["XDG_CONFIG_HOME": "/nonexistent"]
  variables.merge(environment) { $1 }
  let settings = Settings(environment: { [variables] in variables[$0] })
  let code = Program.run(words, streams: streams, settings: settings, nowMs: testNowMs)
  return Outcome(code: code, out: streams.capturedOut, error: streams.capturedError)
}
