// `mq user delete` and `mq user copy`.

import Client
import Wire

enum UserDelete {
  static let row = Command(
    ["user", "delete"], summary: "Delete a user from the brokers of a cluster",
    details: """
      Shows the user's rules and asks. The rules of a user go with him. Clients that use his name are refused
      from then on.
      """,
    impact: .destroys,
    arguments: [Argument("USER", "name of the user")],
    shared: [.change, .cluster, .broker, .confirmation],
    examples: [
      Example("mq user delete alice", "after asking"),
      Example("mq user delete alice --yes", "without asking"),
    ],
    replaces: ["deleteUser"], run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let name = invocation.required("USER")
    let cluster = try invocation.admin()
    let targets = try invocation.brokersToChange()
    var problems = Problems()
    let found = AccessQueries.user(name, cluster, targets, &problems)
    try problems.finish(of: targets.count)
    if found.isEmpty { throw Failure(.notFound, "no user is named \(name)", hint: "mq user list shows them") }
    var refusals = Problems()
    let rules = AccessQueries.rules(of: "User:\(name)", cluster, found.map(\.target), &refusals)
    let count = rules.map { $0.value.policies.reduce(0) { $0 + $1.entries.count } }.max() ?? 0
    let brokers = found.map(\.target.label).joined(separator: ", ")
    let impact = "User \(name) with \(counted(count, "rule")) will be deleted on \(brokers)."
    if invocation.isDryRun {
      invocation.say(impact + "\n")
    } else {
      try invocation.confirm(impact, typing: name)
    }
    cluster.shareDeadline()
    var plan = Plan()
    for (target, _) in found {
      plan.add(target, Request(.authDeleteUser, [("username", name)]), result: "deleted")
    }
    plan.explain = AccessQueries.explained
    try plan.run(&invocation)
  }
}

enum UserCopy {
  static let row = Command(
    ["user", "copy"], summary: "Copy users from one broker to another",
    details: "Users that the other broker has already get the type, status and password of the first.",
    impact: .writes,
    arguments: [Argument("USER", "names of users; all without one", isOptional: true, isRepeated: true)],
    flags: copyFlags, shared: [.change],
    examples: [
      Example("mq user copy --from broker-a --to broker-b", "all users"),
      Example("mq user copy alice bob --from broker-a --to broker-b --dry-run", "show what would be sent"),
    ],
    replaces: ["copyUser"], run: run)

  static let copyFlags = [
    Flag("from", .text, "BROKER", "the broker to copy from", completion: .brokers),
    Flag("to", .text, "BROKER", "the broker to copy to", completion: .brokers),
  ]

  /// The brokers of --from and --to.
  static func ends(_ invocation: inout Invocation) throws(Failure) -> (from: BrokerTarget, to: BrokerTarget) {
    guard let from = invocation.string("from"), let to = invocation.string("to") else {
      throw Failure(.usage, "--from and --to name the two brokers", hint: "mq cluster list shows brokers")
    }
    let cluster = try invocation.admin()
    return (
      try attempt { () throws(ClientError) in try cluster.broker(from) },
      try attempt { () throws(ClientError) in try cluster.broker(to) }
    )
  }

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let (from, to) = try ends(&invocation)
    let cluster = try invocation.cluster()
    let names = invocation.arguments("USER")
    var problems = Problems()
    let all = AccessQueries.users(nil, cluster, [from], &problems).first?.value ?? []
    let present = AccessQueries.users(nil, cluster, [to], &problems).first?.value.map(\.name) ?? []
    try problems.finish(of: 1)
    if let missing = names.first(where: { name in !all.contains { $0.name == name } }) {
      throw Failure(.notFound, "\(from.label) has no user \(missing)", hint: "mq user list shows them")
    }
    let users = names.isEmpty ? all : all.filter { names.contains($0.name) }
    var plan = Plan()
    for user in users {
      let code = present.contains(user.name) ? RequestCode.authUpdateUser : .authCreateUser
      var shown = user
      if invocation.isDryRun { shown.password = "***" }
      plan.add(
        to, Request(code, [("username", user.name)], body: Array(shown.json.text(.compact).utf8)),
        result: "copied \(user.name)")
    }
    plan.explain = AccessQueries.explained
    try plan.run(&invocation)
  }
}
