// `mq acl create`, `mq acl alter`, `mq acl delete` and `mq acl copy`.

import Client
import Wire

enum AclChanges {
  private static let flags = [
    Flag(
      "resource", .text, "RESOURCE", "Topic:NAME, Group:NAME, Cluster:NAME; NAME may be * or end in *",
      isRepeated: true),
    Flag(
      "action", .text, "ACTION", "Pub, Sub, Create, Update, Delete, Get, List or All", isRepeated: true),
    Flag("decision", .choice(["allow", "deny"]), "DECISION", "allow or deny", defaultText: "allow"),
    Flag("source-ip", .text, "ADDRESS", "only from this address or range", isRepeated: true),
  ]
  private static let syntax = """
    Rules name resources (Topic:Orders, Topic:pay*, Group:*, Cluster:DefaultCluster, or * for everything) and
    actions: Pub and Sub for messages, Create, Update, Delete, Get and List for administration, All. Lists
    may be written with commas. A rule that denies wins over one that allows.
    """

  static let create = Command(
    ["acl", "create"], summary: "Let a user do something, or forbid it",
    details: syntax, impact: .writes,
    arguments: [Argument("SUBJECT", "User:NAME, or only NAME")],
    flags: flags, shared: [.change, .cluster, .broker],
    examples: [
      Example(
        "mq acl create alice --resource Topic:Orders --action Pub,Sub", "she may send and receive Orders"),
      Example(
        "mq acl create User:ci --resource 'Topic:*' --action All --source-ip 10.0.0.0/8 --dry-run",
        "show what would be sent"),
    ],
    replaces: ["createAcl"],
    run: { (i: inout Invocation) throws(Failure) in try put(.authCreateAcl, "created", &i) })

  static let alter = Command(
    ["acl", "alter"], summary: "Change the rules of a user for some resources",
    details: syntax + "\n\nThe rules of other resources stay as they are.", impact: .writes,
    arguments: [Argument("SUBJECT", "User:NAME, or only NAME")],
    flags: flags, shared: [.change, .cluster, .broker],
    examples: [
      Example("mq acl alter alice --resource Topic:Orders --action Sub", "from now on she only receives"),
      Example("mq acl alter alice --resource Topic:Orders --action All --decision deny", "nothing at all"),
    ],
    replaces: ["updateAcl"],
    run: { (i: inout Invocation) throws(Failure) in try put(.authUpdateAcl, "altered", &i) })

  private static func put(_ code: RequestCode, _ result: String, _ invocation: inout Invocation)
    throws(Failure)
  {
    let subject = AclList.subject(invocation.required("SUBJECT"))
    func list(_ flag: String) -> [String] {
      invocation.strings(flag).flatMap { $0.split(separator: ",").map(String.init) }
    }
    let actions = list("action")
    let resources = list("resource")
    if actions.isEmpty || resources.isEmpty {
      throw Failure(
        .usage, "a rule needs --resource and --action",
        hint: "for example --resource Topic:Orders --action Pub")
    }
    let decision = UserChanges.titled(invocation.string("decision") ?? "allow")
    let entries = resources.map {
      AclInfo.Entry(resource: $0, actions: actions, sourceIps: list("source-ip"), decision: decision)
    }
    let body = Array(AclInfo(subject: subject, entries: entries).json.text(.compact).utf8)
    _ = try invocation.admin()
    var plan = Plan()
    for target in try invocation.brokersToChange() {
      plan.add(target, Request(code, [("subject", subject)], body: body), result: result)
    }
    plan.explain = AccessQueries.explained
    try plan.run(&invocation)
  }
}

enum AclDelete {
  static let row = Command(
    ["acl", "delete"], summary: "Delete rules of a user",
    details: "Without --resource all rules of the subject go. Shows them first, and asks.",
    impact: .destroys,
    arguments: [Argument("SUBJECT", "User:NAME, or only NAME")],
    flags: [Flag("resource", .text, "RESOURCE", "only the rules for this resource")],
    shared: [.change, .cluster, .broker, .confirmation],
    examples: [
      Example("mq acl delete alice --resource Topic:Orders", "one rule, after asking"),
      Example("mq acl delete alice --yes", "all of her rules, without asking"),
    ],
    replaces: ["deleteAcl"], run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let subject = AclList.subject(invocation.required("SUBJECT"))
    let resource = invocation.string("resource")
    let cluster = try invocation.admin()
    let targets = try invocation.brokersToChange()
    var problems = Problems()
    let found = AccessQueries.rules(of: subject, cluster, targets, &problems)
    try problems.dropping { $0.kind == .notFound }.finish(of: targets.count)
    let owners = found.filter { entry in
      entry.value.policies.contains { $0.entries.contains { resource == nil || $0.resource == resource } }
    }
    if owners.isEmpty {
      let what = resource.map { " for \($0)" } ?? ""
      throw Failure(.notFound, "\(subject) has no rules\(what)", hint: "mq acl list shows all")
    }
    let shown = AclList.table(owners.map { ($0.target, $0.value) })
    let rules = shown.rows.filter { resource == nil || $0[2] == .text(resource) }.count
    let impact =
      "\(rules) rules of \(subject) will be deleted on \(owners.map(\.target.label).joined(separator: ", "))."
    if invocation.isDryRun {
      invocation.say(impact + "\n")
    } else {
      try invocation.confirm(impact, typing: subject)
    }
    cluster.shareDeadline()
    var plan = Plan()
    let fields = [(name: "subject", value: subject)] + (resource.map { [("resource", $0)] } ?? [])
    for (target, _) in owners { plan.add(target, Request(.authDeleteAcl, fields), result: "deleted") }
    plan.explain = AccessQueries.explained
    try plan.run(&invocation)
  }
}

enum AclCopy {
  static let row = Command(
    ["acl", "copy"], summary: "Copy rules from one broker to another",
    details: "Subjects that have rules on the other broker already get those of the first.",
    impact: .writes,
    arguments: [
      Argument("SUBJECT", "User:NAME, or only NAME; all without one", isOptional: true, isRepeated: true)
    ],
    flags: UserCopy.copyFlags, shared: [.change],
    examples: [
      Example("mq acl copy --from broker-a --to broker-b", "all rules"),
      Example("mq acl copy alice --from broker-a --to broker-b --dry-run", "show what would be sent"),
    ],
    replaces: ["copyAcl"], run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let (from, to) = try UserCopy.ends(&invocation)
    let cluster = try invocation.cluster()
    let subjects = invocation.arguments("SUBJECT").map(AclList.subject)
    var problems = Problems()
    func all(_ broker: BrokerTarget) -> [AclInfo] {
      AccessQueries.rules(subject: nil, resource: nil, cluster, [broker], &problems).first?.value ?? []
    }
    let source = all(from)
    let present = all(to).map(\.subject)
    try problems.finish(of: 1)
    if let missing = subjects.first(where: { subject in !source.contains { $0.subject == subject } }) {
      throw Failure(.notFound, "\(from.label) has no rules of \(missing)", hint: "mq acl list shows all")
    }
    var plan = Plan()
    for acl in source where subjects.isEmpty || subjects.contains(acl.subject) {
      let code = present.contains(acl.subject) ? RequestCode.authUpdateAcl : .authCreateAcl
      plan.add(
        to, Request(code, [("subject", acl.subject)], body: Array(acl.json.text(.compact).utf8)),
        result: "copied \(acl.subject)")
    }
    plan.explain = AccessQueries.explained
    try plan.run(&invocation)
  }
}
