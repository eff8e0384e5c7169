// `mq user list` and `mq user describe`.

import Client
import Wire

enum UserList {
  static let secrets = Flag("show-secrets", .toggle, "", "show passwords, which brokers keep in the clear")

  static let list = Command(
    ["user", "list"], summary: "List the users of a cluster",
    details: """
      Users that are alike on all brokers stand on one line. Where brokers differ, each form has its line with
      the brokers that have it. Passwords are shown as *** unless --show-secrets is given.
      """,
    arguments: [Argument("PATTERN", "only users whose name contains this", isOptional: true)],
    flags: [secrets], shared: [.query, .cluster, .broker],
    examples: [
      Example("mq user list", "the users of all clusters"),
      Example("mq user list adm -c DefaultCluster -o json", "those with adm in their name, as JSON"),
    ],
    replaces: ["listUser"], run: runList)

  static let describe = Command(
    ["user", "describe"], summary: "Show a user and what he may do",
    arguments: [Argument("USER", "name of the user")],
    flags: [secrets], shared: [.query, .cluster, .broker],
    examples: [
      Example("mq user describe alice", "her type, her status and her rules"),
      Example("mq user describe alice -b broker-a -o json", "as one broker has it, as JSON"),
    ],
    replaces: ["getUser"], run: runDescribe)

  private static func runList(_ invocation: inout Invocation) throws(Failure) {
    let cluster = try invocation.admin()
    let targets = try invocation.masters()
    var problems = Problems()
    let found = AccessQueries.users(invocation.argument("PATTERN"), cluster, targets, &problems)
    let users = found.flatMap { entry in entry.value.map { (entry.target, $0) } }
    invocation.print(table(users, showsSecrets: invocation.isOn("show-secrets")))
    try problems.finish(of: targets.count)
  }

  /// Users that are alike share a line, sorted by name.
  private static func table(_ users: [(BrokerTarget, UserInfo)], showsSecrets: Bool) -> Table {
    var table = Table([
      Column("USER", key: "user"), Column("TYPE", key: "type"), Column("STATUS", key: "status"),
      Column("PASSWORD", key: "password", wide: !showsSecrets), Column("BROKERS", key: "brokers"),
    ])
    table.emptyText = "no users; mq user create makes one"
    var alike: [(user: UserInfo, brokers: [String])] = []
    for (target, user) in users {
      if let index = alike.firstIndex(where: { $0.user == user }) {
        alike[index].brokers.append(target.label)
      } else {
        alike.append((user, [target.label]))
      }
    }
    for (user, brokers) in alike.arranged(by: { $0.user.name < $1.user.name }) {
      table.add(
        .text(user.name), .text(user.type), .text(user.status), password(user, showsSecrets),
        .list(brokers))
    }
    return table
  }

  private static func password(_ user: UserInfo, _ showsSecrets: Bool) -> Cell {
    .text(showsSecrets ? user.password : user.password.map { _ in "***" })
  }

  private static func runDescribe(_ invocation: inout Invocation) throws(Failure) {
    let cluster = try invocation.admin()
    let targets = try invocation.masters()
    let name = invocation.required("USER")
    var problems = Problems()
    let found = AccessQueries.user(name, cluster, targets, &problems)
    guard let first = found.first?.value else {
      try problems.finish(of: targets.count)
      throw Failure(.notFound, "no user is named \(name)", hint: "mq user list shows them")
    }
    var refusals = Problems()
    let rules = AccessQueries.rules(of: "User:\(name)", cluster, found.map(\.target), &refusals)
    var report = Report()
    report.add("User", key: "user", .text(name))
    report.add("Type", key: "type", .text(first.type))
    report.add("Status", key: "status", .text(first.status))
    report.add("Password", key: "password", password(first, invocation.isOn("show-secrets")))
    report.add("Brokers", key: "brokers", .list(found.map(\.target.label)))
    report.add("Alike on all", key: "isAlike", .flag(found.allSatisfy { $0.value == first }))
    report.add("Rules", key: "rules", AclList.table(rules.map { ($0.target, $0.value) }))
    invocation.print(report)
    try problems.finish(of: targets.count)
  }
}
