// `mq store check`: whether a store on disk is whole.

import Store

enum StoreCheckCommand {
  static let row = Command(
    ["store", "check"], summary: "Verify a store directory without a broker",
    details: """
      Reads every record of the commit log and verifies its lengths, its place and the checksum of its body;
      then holds consume queues, key indexes, timer files, config files, consumer offsets, checkpoint and
      mq's own files against the log. Changes nothing, and needs no broker; works on directories of Apache
      RocketMQ and of mq serve alike.

      Each area gets a verdict: ok, note (nothing to do: a broker sets it right when it starts) or bad. Ends
      with 7 when an area is bad. While a broker runs in the directory, what it wrote last is not judged.
      """,
    impact: .local, arguments: [StoreCommands.directory],
    flags: [
      Flag("fast", .toggle, "", "do not compute the checksums of bodies"),
      Flag(
        "threads", .integer(1...64), "COUNT", "threads that read the log",
        defaultText: "one for each processor, at most 4"),
    ], shared: [.output],
    examples: [
      Example("mq store check ~/store", "verdicts for the store of a broker that is stopped"),
      Example("mq store check ~/store -o json", "the same for a script, with all findings"),
      Example("mq store check ~/store --fast && mq serve --data ~/store", "serve it only when it is whole"),
    ], run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    var options = InspectOptions()
    options.structureOnly = invocation.isOn("fast")
    options.threads = Int(invocation.integer("threads") ?? 0)
    let found = try StoreCommands.inspect(invocation, options)
    invocation.print(report(found))
    let bad = found.areas.filter { $0.verdict == .bad }.map(\.area.name)
    guard bad.isEmpty else {
      throw Failure(
        .check, "\(found.root) is not whole: \(bad.joined(separator: ", "))",
        hint: "mq store repair \(found.root) shows what can be done")
    }
  }

  private static func report(_ found: StoreInspection) -> Report {
    var report = StoreCommands.head(found)
    report.add("Verdict", key: "verdict", .text(found.verdict.name))
    report.add("Holes", key: "holes", .integer(found.log.holes), wide: true)
    report.add("Torn at", key: "tornOffset", .integer(found.log.tail?.offset), wide: true)
    report.add("Torn size", key: "tornBytes", found.log.tail.map { .bytes($0.bytes) } ?? .unknown, wide: true)
    report.add(
      "Records behind the tear", key: "tornRecords", .integer(found.log.tail?.wholeRecords), wide: true)
    StoreCommands.addRate(found, to: &report)
    var areas = Table([
      Column("AREA", key: "area"), Column("VERDICT", key: "verdict"), Column("FOUND", key: "summary"),
    ])
    for area in found.areas {
      areas.add(.text(area.area.name), .text(area.verdict.name), .text(area.summary))
    }
    report.add("Areas", key: "areas", areas)
    var findings = Table([
      Column("AREA", key: "area"), Column("VERDICT", key: "verdict"), Column("FILE", key: "path"),
      Column("OFFSET", key: "offset", right: true), Column("WHAT", key: "what"),
    ])
    findings.emptyText = "none"
    for finding in found.findings {
      findings.add(
        .text(finding.area.name), .text(finding.verdict.name), .text(finding.path), .integer(finding.offset),
        .text(finding.text))
    }
    report.add("Findings", key: "findings", findings)
    if found.findingsLeftOut > 0 {
      report.add("Findings left out", key: "findingsLeftOut", .integer(found.findingsLeftOut))
    }
    report.mainSection = "findings"
    return report
  }
}
