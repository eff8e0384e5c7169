// `mq acl list` and `mq acl describe`.

import Client
import Wire

enum AclList {
  static let list = Command(
    ["acl", "list"], summary: "List the rules about what users may do",
    details: """
      One line per rule. Rules that are alike on all brokers stand on one line with these brokers; a rule that
      only some have shows which.
      """,
    flags: [
      Flag("subject", .text, "SUBJECT", "only subjects that contain this: User:alice"),
      Flag("resource", .text, "RESOURCE", "only resources that contain this: Topic:Orders"),
    ],
    shared: [.query, .cluster, .broker],
    examples: [
      Example("mq acl list", "all rules"),
      Example("mq acl list --resource Topic:Orders -o json", "who may do what with Orders, as JSON"),
    ],
    replaces: ["listAcl"], run: runList)

  static let describe = Command(
    ["acl", "describe"], summary: "Show the rules of a subject",
    arguments: [Argument("SUBJECT", "User:NAME, or only NAME")],
    shared: [.query, .cluster, .broker],
    examples: [
      Example("mq acl describe User:alice", "what she may do"),
      Example("mq acl describe alice -b broker-a", "as one broker has it"),
    ],
    replaces: ["getAcl"], run: runDescribe)

  /// "alice" is "User:alice".
  static func subject(_ text: String) -> String { text.contains(":") ? text : "User:\(text)" }

  private static func runList(_ invocation: inout Invocation) throws(Failure) {
    let cluster = try invocation.admin()
    let targets = try invocation.masters()
    var problems = Problems()
    let found = AccessQueries.rules(
      subject: invocation.string("subject"), resource: invocation.string("resource"), cluster, targets,
      &problems)
    invocation.print(table(found.flatMap { entry in entry.value.map { (entry.target, $0) } }))
    try problems.finish(of: targets.count)
  }

  private static func runDescribe(_ invocation: inout Invocation) throws(Failure) {
    let cluster = try invocation.admin()
    let targets = try invocation.masters()
    let subject = subject(invocation.required("SUBJECT"))
    var problems = Problems()
    let found = AccessQueries.rules(of: subject, cluster, targets, &problems)
    if found.isEmpty {
      try problems.finish(of: targets.count)
      throw Failure(.notFound, "\(subject) has no rules", hint: "mq acl list shows all")
    }
    invocation.print(table(found.map { ($0.target, $0.value) }))
    // A broker that does not know the subject has simply no rules for it.
    try problems.dropping { $0.kind == .notFound }.finish(of: targets.count)
  }

  /// One line per rule, with the brokers that have it.
  static func table(_ rules: [(target: BrokerTarget, acl: AclInfo)]) -> Table {
    var table = Table([
      Column("SUBJECT", key: "subject"), Column("POLICY", key: "policy"),
      Column("RESOURCE", key: "resource"), Column("ACTIONS", key: "actions"),
      Column("SOURCE IPS", key: "sourceIps"), Column("DECISION", key: "decision"),
      Column("BROKERS", key: "brokers"),
    ])
    table.emptyText = "no rules; mq acl create makes one"
    var alike: [(cells: [Cell], brokers: [String])] = []
    for (target, acl) in rules {
      for policy in acl.policies {
        for entry in policy.entries {
          let cells: [Cell] = [
            .text(acl.subject), .text(policy.type), .text(entry.resource), .list(entry.actions),
            .list(entry.sourceIps), .text(entry.decision),
          ]
          if let index = alike.firstIndex(where: { $0.cells == cells }) {
            if !alike[index].brokers.contains(target.label) { alike[index].brokers.append(target.label) }
          } else {
            alike.append((cells, [target.label]))
          }
        }
      }
    }
    for rule in alike { table.add(rule.cells + [.list(rule.brokers)]) }
    return table
  }
}
