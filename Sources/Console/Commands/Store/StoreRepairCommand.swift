// `mq store repair`: makes a store fit to be opened, and keeps what it takes away.

import Store

enum StoreRepairCommand {
  static let row = Command(
    ["store", "repair"], summary: "Repair a store directory; shows first what it would do",
    details: """
      Checks the store and shows what would be done; --yes does it. Cuts a torn end of the commit log at its
      last whole record, as a broker does when it starts; restores config files from their backups; puts
      consume queues, indexes and files of mq away that do not agree with the log, so that a broker makes them
      again. Records before the end of the log are never touched.

      Everything that is taken away is kept in DIR/repair/TIME, and DIR/repair/log.jsonl says what was done.
      Whole records behind a torn place are kept too: mq store dump prints them from the .cut file. Refuses
      while a broker runs in the directory.
      """,
    impact: .destroys, arguments: [StoreCommands.directory],
    flags: [
      Flag("rebuild", .toggle, "", "also put derived files away that look right, so that all are made again")
    ], shared: [.output, .dryRun, .confirmation],
    examples: [
      Example("mq store repair ~/store", "what would be done"),
      Example("mq store repair ~/store --yes", "does it"),
      Example(
        "mq store repair ~/store --rebuild --dry-run", "what making all derived files anew would touch"),
    ], run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let apply = invocation.isOn("yes") && !invocation.isDryRun
    var bar = ProgressBar(invocation.streams)
    let done: RepairReport
    do throws(InspectError) {
      done = try StoreInspector.repair(
        invocation.required("DIR"), rebuild: invocation.isOn("rebuild"), apply: apply, nowMs: invocation.nowMs
      ) { now in
        bar.update(bytes: now.bytesDone, of: now.bytesTotal)
        return true
      }
      bar.end()
    } catch {
      bar.end()
      throw StoreCommands.failure(error)
    }
    var report = Report()
    report.add("Store", key: "directory", .text(done.root))
    report.add("Done", key: "isDone", .flag(apply))
    report.add("Kept in", key: "kept", .text(done.kept))
    report.add("Steps", key: "steps", steps(done))
    report.add("What stays wrong", key: "left", clauses(done.left))
    report.add("Left to the next start of a broker", key: "healed", clauses(done.healed))
    report.mainSection = "steps"
    invocation.print(report)
    if !apply && !done.steps.isEmpty { invocation.warn("nothing was done; --yes does it") }
    if apply && !done.left.isEmpty {
      throw Failure(.check, "\(done.root) is not whole yet: \(done.left[0])")
    }
  }

  private static func steps(_ done: RepairReport) -> Table {
    var table = Table([
      Column("STEP", key: "step"), Column("FILE", key: "path"), Column("OFFSET", key: "offset", right: true),
      Column("SIZE", key: "sizeBytes", right: true), Column("WHAT", key: "what"),
    ])
    table.emptyText = "nothing to do"
    for step in done.steps {
      table.add(
        .text(step.kind), .text(step.path), .integer(step.offset),
        step.bytes.map { Cell.bytes($0) } ?? .unknown,
        .text(step.text))
    }
    return table
  }

  private static func clauses(_ texts: [String]) -> Table {
    var table = Table([Column("WHAT", key: "what")])
    table.emptyText = "nothing"
    for text in texts { table.add(.text(text)) }
    return table
  }
}
