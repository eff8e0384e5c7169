// Words in, command and values out; and what is said about words that make no sense.

import Testing

@testable import Console

@Suite struct ParserTests {
  private func input(_ line: String) throws -> Input {
    guard
      case .run(_, let input) = try Parser.parse(
        line.split(separator: " ").map(String.init), nowMs: testNowMs)
    else { throw Failure(.failed, "no command") }
    return input
  }

  @Test(arguments: [
    "topic list -o json", "topic list -ojson", "topic list -o=json", "topic list --output json",
    "topic list --output=json", "-o json topic list", "topic -ojson list", "topic list -vo json",
  ])
  func aFlagMayStandAnywhereAndBeWrittenInManyWays(line: String) throws {
    #expect(try input(line).flags["output"] == [.text("json")])
    #expect(try input(line).arguments == [])
  }

  @Test func valuesAreCheckedAndConverted() throws {
    #expect(try input("topic list --timeout 1m30s").flags["timeout"] == [.integer(90_000)])
    #expect(try input("topic list --timeout 2").flags["timeout"] == [.integer(2000)])
    #expect(try input("topic list -w").flags["watch"] == [.integer(2000)])
    #expect(try input("topic list --watch=500ms").flags["watch"] == [.integer(500)])
    #expect(try input("topic create T --no-order").flags["order"] == [.toggle(false)])
    #expect(try input("topic create T --order=false").flags["order"] == [.toggle(false)])
    #expect(try input("topic create T --attr a=b --attr c=d").flags["attr"] == [.text("a=b"), .text("c=d")])
    #expect(try input("group seek g -q 1 -q 2 -t T --to by=-5").flags["queue"] == [.integer(1), .integer(2)])
  }

  /// Only a known flag is not taken for the value.
  @Test func aValueMayBeginWithADash() throws {
    #expect(try input("message cat T --since -5m").flags["since"] == [.integer(testNowMs - 300_000)])
    #expect(try input("message cat T --grep -x-").flags["grep"] == [.text("-x-")])
    #expect(try input("message cat T --grep=--timeout").flags["grep"] == [.text("--timeout")])
  }

  @Test func twoDashesEndTheFlags() throws {
    #expect(try input("topic list -- -strange").arguments == ["-strange"])
    #expect(try input("topic describe -- --help").arguments == ["--help"])
  }

  @Test func aFlagAfterTheWordWatchDoesNotEatTheNextWord() throws {
    #expect(try input("topic list -w Orders").arguments == ["Orders"])
  }

  @Test(arguments: [
    ("topc list", "unknown command topc", "did you mean mq topic?"),
    ("topic crate", "unknown command topic crate", "did you mean mq topic create?"),
    (
      "topic zzz", "unknown command topic zzz",
      "mq topic knows: list, describe, route, offsets, stats, create, alter, delete, apply, export, order, static, entries"
    ),
    (
      "topic order sett T", "unknown command topic order sett", "did you mean mq topic order set?"
    ),
    ("updateTopic", "unknown command updateTopic", "mqadmin's updateTopic is here: mq topic create --help"),
    ("topic create T --queue 8", "mq topic create has no flag --queue", "did you mean --queues?"),
    ("topic create T -Z", "mq topic create has no flag -Z", "mq topic create --help lists its flags"),
    ("topic list -o jsn", "--output=jsn is not known", "did you mean json?"),
    ("topic list -o", "-o needs a value", "for example --output=table"),
    ("topic list --output", "--output needs a value", "for example --output=table"),
    ("topic list -n --timeout 5s", "-n needs a value", "for example --namesrv=127.0.0.1:9876"),
    ("-n --timeout 5s topic list", "-n needs a value", "for example --namesrv=127.0.0.1:9876"),
    ("topic list -n -o=csv", "-n needs a value", "for example --namesrv=127.0.0.1:9876"),
    ("topic list -n -- x", "-n needs a value", "for example --namesrv=127.0.0.1:9876"),
    ("topic create T --queues --no-order", "--queues needs a value", "for example --queues=8"),
    ("topic create T --queues many", "--queues=many is not a whole number", "for example --queues=8"),
    ("topic create T --queues -1", "--queues=-1 is out of range", "at least 1 and at most 65535"),
    ("topic list --timeout soon", "--timeout=soon is not a duration", "for example --timeout=5s"),
    ("topic list -o wide -o csv", "--output is given twice", "leave out one of them"),
    (
      "topic create", "mq topic create needs TOPIC: name of the new topic",
      "for example mq topic create Orders --queues 8"
    ),
    (
      "topic route A B", "mq topic route does not know what to do with B",
      "usage: mq topic route TOPIC [flags]"
    ),
    ("topic create T --order=maybe", "--order=maybe is not true or false", "for example --order=true"),
  ])
  func mistakesAreNamedWithTheWayOut(line: String, message: String, hint: String) {
    let outcome = mq(line)
    #expect(outcome.code == 2)
    #expect(outcome.out == "")
    #expect(outcome.error == "mq: \(message)\n" + (hint.isEmpty ? "" : "hint: \(hint)\n"))
  }

  /// Every way to write the flags and arguments of each command wrongly.
  @Test(arguments: CommandTable.all.map(\.path))
  func everyMistakeHasAHint(path: [String]) throws {
    let command = try #require(CommandTable.command(path))
    let arguments = command.arguments.map { _ in "x" }
    var lines = [path + arguments + ["--no-such-flag"], path + arguments + ["-?"]]
    if command.arguments.last?.isRepeated != true { lines.append(path + arguments + ["x"]) }
    if command.arguments.first?.isOptional == false { lines.append(path) }
    for flag in command.allFlags where flag.long != "help" {
      let values: [String]
      switch flag.kind {
      case .text: values = []
      case .integer(let range) where range.lowerBound > .min: values = ["\(range.lowerBound - 1)", "many"]
      default: values = ["-?"]
      }
      lines += values.map { path + arguments + ["--\(flag.long)=\($0)"] }
      if flag.takesValue {
        lines += [[], ["--verbose"], ["-v"], ["--color=never"]].map {
          path + arguments + ["--\(flag.long)"] + $0
        }
      }
      if flag.kind == .text && !flag.isRepeated {
        lines.append(path + arguments + ["--\(flag.long)=a", "--\(flag.long)=b"])
      }
    }
    for words in lines { expectAMistake(words) }
  }

  @Test(arguments: [
    "topic create bad!topic", "topic create x --attr a", "topic delete TBW102", "group delete TOOLS_CONSUMER",
    "consume bad!topic", "consume x --group bad!group", "consume x --from never", "consume x --format %?",
    "consume x --commit", "consume x --group g --queue 1", "consume x --format %b -o csv",
    "produce bad!topic y", "produce x y --delay-level 99", "produce x y --json", "produce x y --prop a",
    "produce x y --prop UNIQ_KEY=a", "produce x y --tag a|b", "message find --topic x",
    "message get x nothing",
    "group seek g --topic x", "group seek g --topic x --to never", "bench produce --size 0",
    "top --interval 1h", "top -o name", "topic list --watch=1ms", "topic list -n http://x",
    "topic list -n x:y",
    "serve --port 70000", "serve --ephemeral --data /nonexistent", "serve --segment-size 1", "help nothing",
    "completion tcsh",
  ])
  func everyRefusalOfACommandHasAHint(line: String) {
    expectAMistake(line.split(separator: " ").map(String.init))
  }

  private func expectAMistake(_ words: [String]) {
    let outcome = mq(words)
    let lines = outcome.error.split(separator: "\n")
    #expect(outcome.code == 2, "\(words) \(outcome)")
    #expect(
      lines.count == 2 && lines[0].hasPrefix("mq: ") && lines[1].hasPrefix("hint: "), "\(words) \(outcome)")
    #expect(outcome.out == "", "\(words)")
  }

  @Test func aConfigurationThatIsMissingIsNoMistakeOfTheCommandLine() {
    let outcome = mq("serve --config /nonexistent/broker.conf --data /nonexistent/data")
    #expect(outcome.code == 1)
    #expect(outcome.error.contains("\nhint: "))
  }

  @Test func theCountOfTopHasTheLetterOfTheNameServers() throws {
    #expect(try input("top --batch -n 1").flags == ["batch": [.toggle(true)], "count": [.integer(1)]])
    #expect(try input("top --namesrv a:1").flags["namesrv"] == [.text("a:1")])
    #expect(try input("topic list -n a:1").flags["namesrv"] == [.text("a:1")])
  }

  @Test func failuresAreJSONWhereTheOutputIs() {
    let outcome = mq("topic crate -o json")
    #expect(outcome.code == 2)
    #expect(
      outcome.error == """
        {
          "error": {
            "code": "usage",
            "exitCode": 2,
            "message": "unknown command topic crate",
            "hint": "did you mean mq topic create?"
          }
        }

        """)
  }

  @Test(
    arguments: [
      ("250ms", 250), ("2s", 2000), ("90", 90_000), ("1h30m", 5_400_000), ("1.5s", 1500), ("3d", 259_200_000),
      ("", nil), ("5x", nil), ("s", nil), ("1m5", nil), ("-5s", nil), ("99999999d", nil),
    ] as [(String, Int64?)])
  func durations(text: String, expected: Int64?) { #expect(Values.durationMs(text) == expected) }

  @Test(
    arguments: [
      ("512", 512), ("64k", 65536), ("1MiB", 1_048_576), ("1.5G", 1_610_612_736), ("2gb", 2_147_483_648),
      ("x", nil),
      ("5q", nil), ("", nil),
    ] as [(String, Int64?)])
  func sizes(text: String, expected: Int64?) { #expect(Values.bytes(text) == expected) }

  @Test(
    arguments: [
      ("now", testNowMs), ("-5m", testNowMs - 300_000), ("+1s", testNowMs + 1000),
      ("1795168800001", 1_795_168_800_001),
      ("2026-11-20T10:00:00Z", testNowMs), ("2026-11-20T18:00:00+08:00", testNowMs), ("yesterday", nil),
    ] as [(String, Int64?)])
  func moments(text: String, expected: Int64?) { #expect(Values.timeMs(text, nowMs: testNowMs) == expected) }

  @Test(
    arguments: [
      (0, "0s"), (999, "999ms"), (1250, "1.2s"), (59_000, "59s"), (192_000, "3m12s"), (7_500_000, "2h05m"),
      (273_600_000, "3d04h"), (-1500, "-1.5s"),
    ] as [(Int64, String)])
  func durationsAreShort(ms: Int64, text: String) { #expect(Values.durationText(ms) == text) }

  @Test func globsMatchWholeNames() {
    for (text, pattern, expected) in [
      ("orders", "order*", true), ("orders", "*s", true), ("orders", "o?ders", true),
      ("orders", "order", false),
      ("", "*", true), ("aXbXc", "a*b*c", true), ("aXbX", "a*b*c", false), ("%DLQ%g", "%DLQ%*", true),
    ] {
      #expect(Glob.matches(text, pattern) == expected, "\(text) \(pattern)")
    }
  }

  @Test func suggestionsAreNearOrNone() {
    #expect(Suggestion.nearest(to: "Ordres", of: ["Orders", "Payments"]) == "Orders")
    #expect(Suggestion.nearest(to: "ORDERS", of: ["Orders"]) == "Orders")
    #expect(Suggestion.nearest(to: "xyz", of: ["Orders", "Payments"]) == nil)
    #expect(Suggestion.nearest(to: "xyz", of: []) == nil)
  }
}
