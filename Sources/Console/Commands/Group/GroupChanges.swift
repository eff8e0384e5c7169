// `mq group create` and `mq group alter`.

import Client
import Wire

enum GroupCreate {
  static let row = Command(
    ["group", "create"], summary: "Create a consumer group on the masters of a cluster",
    details: """
      Brokers make a group when its first consumer connects, unless that is switched off; a group that is made
      before has the settings of its flags from the start. It must not exist yet. Where there are several
      clusters, --cluster names the one.

      --retry-policy=exponential:5s,2h,2 doubles the wait from 5 s up to 2 h; custom:1s,10s,1m lists the
      waits, of which the third is the first redelivery's, as the delay levels have it.
      """,
    impact: .writes,
    arguments: [Argument("GROUP", "name of the new group")],
    flags: GroupSettings.flags + [
      Flag("if-not-exists", .toggle, "", "succeed without a change when the group exists"),
      Flag("replace", .toggle, "", "when it exists, give it these settings, and defaults for the others"),
    ],
    shared: [.change, .cluster, .broker],
    examples: [
      Example("mq group create billing --retries 3", "a dead letter after three redeliveries"),
      Example(
        "mq group create ledger --ordered --retry-policy exponential:5s,2h,2 --if-not-exists",
        "an ordered group; nothing happens when it is there"),
      Example("mq group create audit --no-broadcast --dry-run", "show what would be sent"),
    ],
    replaces: ["updateSubGroup"], run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let group = invocation.required("GROUP")
    try NameCheck.check(group: group)
    let config = try GroupSettings.applied(invocation, to: SubscriptionGroup(name: group).json, isNew: true)
    let cluster = try invocation.admin()
    let targets = try invocation.mastersToChange()
    var problems = Problems()
    let tables = GroupQueries.tables(cluster, targets, &problems)
    try problems.finish(of: targets.count)
    let taken = tables.filter { GroupQueries.config(of: group, in: $0.table) != nil }.map(\.target)
    let replaces = invocation.isOn("replace")
    if !taken.isEmpty && !replaces && !invocation.isOn("if-not-exists") {
      throw Failure(
        .failed, "group \(group) exists already on \(taken.map(\.label).joined(separator: ", "))",
        hint: "mq group alter \(group) changes it; --if-not-exists accepts it")
    }
    if taken.count == targets.count && !replaces {
      return invocation.print(Plan.results(of: taken, "exists already"))
    }
    var plan = Plan()
    for target in targets where replaces || !taken.contains(target) {
      let result = taken.contains(target) ? "replaced" : "created"
      plan.add(target, GroupQueries.put(config), result: result)
    }
    try plan.run(&invocation)
  }
}

enum GroupAlter {
  static let row = Command(
    ["group", "alter"], summary: "Change settings of a consumer group, leaving the others",
    details: """
      Reads the settings from each broker that has the group, changes what is named, prints the difference,
      writes it back, and reads it again to see that the broker took it. Brokers keep their own values for
      everything else. Where there are several clusters, --cluster names the one.
      """,
    impact: .writes,
    arguments: [Argument("GROUP", "name of the consumer group", completion: .groups)],
    flags: GroupSettings.flags,
    shared: [.change, .cluster, .broker],
    examples: [
      Example("mq group alter billing --retries 5", "five attempts, all else as it is"),
      Example("mq group alter billing --retry-policy custom:1s,5s,10s,1m", "other waits between attempts"),
      Example("mq group alter billing --no-broadcast --dry-run", "show the difference only"),
    ],
    replaces: ["updateSubGroup"], run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let group = invocation.required("GROUP")
    if !GroupSettings.isNamed(invocation) {
      throw Failure(.usage, "nothing to change", hint: "name a setting, for example --retries 5")
    }
    let cluster = try invocation.admin()
    let targets = try invocation.mastersToChange()
    var problems = Problems()
    let tables = GroupQueries.tables(cluster, targets, &problems)
    try problems.finish(of: targets.count)
    var diff = Plan.differences
    var plan = Plan()
    var isKnown = false
    for (target, table) in tables {
      guard let before = GroupQueries.config(of: group, in: table) else { continue }
      isKnown = true
      let after = try GroupSettings.applied(invocation, to: before, isNew: false)
      let lines = GroupSettings.differences(before, after)
      if lines.isEmpty { continue }
      for line in lines {
        diff.add(.text(target.label), .text(line.name), .text(line.before), .text(line.after))
      }
      plan.add(target, GroupQueries.put(after), result: "altered")
    }
    if !isKnown { throw GroupQueries.unknown(group, tables) }
    if invocation.output.isForPeople || plan.steps.isEmpty {
      invocation.print(diff)
    }
    if plan.steps.isEmpty { return }
    invocation.say("")
    try plan.run(&invocation)
    if !invocation.isDryRun { try readBack(group, invocation, cluster, plan.steps.map(\.target)) }
  }

  /// A broker of an older version takes settings that it does not know without a word, and drops them.
  private static func readBack(
    _ group: String, _ invocation: Invocation, _ cluster: Cluster, _ targets: [BrokerTarget]
  ) throws(Failure) {
    var problems = Problems()
    var missed: [String] = []
    for (target, table) in GroupQueries.tables(cluster, targets, &problems) {
      let now = GroupQueries.config(of: group, in: table) ?? .object([])
      let wanted = try GroupSettings.applied(invocation, to: now, isNew: false)
      missed += GroupSettings.differences(now, wanted).map { "\(target.label): \($0.name) is \($0.before)" }
    }
    try problems.finish(of: targets.count)
    if missed.isEmpty { return }
    throw Failure(
      .partial, "not everything was taken: \(missed.joined(separator: "; "))",
      hint: "mq cluster list shows the brokers' versions")
  }
}
