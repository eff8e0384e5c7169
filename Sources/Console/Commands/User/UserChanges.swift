// `mq user create` and `mq user alter`.

import Client
import Wire

enum UserChanges {
  private static let type = Flag(
    "type", .choice(["normal", "super"]), "TYPE", "normal, or super: may do everything")

  static let create = Command(
    ["user", "create"], summary: "Create a user on the brokers of a cluster",
    details: """
      The password comes from --password-file or is asked for at the terminal. Every broker process, masters
      and slaves, keeps its own users: all of the cluster get this one.
      """,
    impact: .writes,
    arguments: [Argument("USER", "name of the new user")],
    flags: [type] + PasswordInput.flags, shared: [.change, .cluster, .broker],
    examples: [
      Example("mq user create alice", "asks for the password"),
      Example("mq user create ci --password-file ci.secret -c DefaultCluster", "the password is in a file"),
    ],
    replaces: ["createUser"], run: runCreate)

  static let alter = Command(
    ["user", "alter"], summary: "Change a user's password, type or status",
    details: """
      Reads the user from each broker, prints what changes, writes only that, and reads it back.
      """,
    impact: .writes,
    arguments: [Argument("USER", "name of the user")],
    flags: [
      type, Flag("status", .choice(["enable", "disable"]), "STATUS", "let the user in, or keep him out"),
      Flag("ask-password", .toggle, "", "ask for a new password at the terminal"),
    ] + PasswordInput.flags,
    shared: [.change, .cluster, .broker],
    examples: [
      Example("mq user alter alice --status disable", "keep her out"),
      Example("mq user alter alice --ask-password", "a new password"),
    ],
    replaces: ["updateUser"], run: runAlter)

  private static func runCreate(_ invocation: inout Invocation) throws(Failure) {
    var user = UserInfo(name: invocation.required("USER"))
    let cluster = try invocation.admin()
    let targets = try invocation.brokersToChange()
    user.password = try PasswordInput.read(invocation, for: user.name)
    user.type = invocation.string("type").map(titled)
    cluster.shareDeadline()
    try put(.authCreateUser, [(user, targets)], "created", &invocation)
  }

  private static func runAlter(_ invocation: inout Invocation) throws(Failure) {
    let name = invocation.required("USER")
    var change = UserInfo(name: name)
    change.type = invocation.string("type").map(titled)
    change.status = invocation.string("status")
    change.password = try PasswordInput.given(invocation)
    if invocation.isOn("ask-password") { change.password = try PasswordInput.read(invocation, for: name) }
    if change == UserInfo(name: name) {
      throw Failure(.usage, "nothing to change", hint: "name a setting, for example --status disable")
    }
    let cluster = try invocation.admin()
    let targets = try invocation.brokersToChange()
    var problems = Problems()
    let found = AccessQueries.user(name, cluster, targets, &problems)
    try problems.finish(of: targets.count)
    if found.isEmpty { throw Failure(.notFound, "no user is named \(name)", hint: "mq user list shows them") }
    var diff = Plan.differences
    var changes: [(UserInfo, [BrokerTarget])] = []
    for (target, before) in found {
      var own = change
      if own.type == before.type { own.type = nil }
      if own.status == before.status { own.status = nil }
      if own.password == before.password { own.password = nil }
      if own == UserInfo(name: name) { continue }
      if let type = own.type { diff.add(.text(target.label), .text("type"), .text(before.type), .text(type)) }
      if let status = own.status {
        diff.add(.text(target.label), .text("status"), .text(before.status), .text(status))
      }
      if own.password != nil {
        diff.add(.text(target.label), .text("password"), .text("***"), .text("*** (new)"))
      }
      changes.append((own, [target]))
    }
    if invocation.output == .table || invocation.output == .wide || changes.isEmpty { invocation.print(diff) }
    if changes.isEmpty { return }
    invocation.say("")
    try put(.authUpdateUser, changes, "altered", &invocation)
    if invocation.isDryRun { return }
    try check(change, cluster, changes.flatMap(\.1))
  }

  /// Reads it back.
  private static func check(_ change: UserInfo, _ cluster: Cluster, _ targets: [BrokerTarget]) throws(Failure)
  {
    var problems = Problems()
    for (target, after) in AccessQueries.user(change.name, cluster, targets, &problems) {
      let isDone =
        (change.type ?? after.type) == after.type && (change.status ?? after.status) == after.status
        && (change.password ?? after.password) == after.password
      if !isDone { throw Failure(.failed, "\(target.label) took the change but does not show it") }
    }
    try problems.finish(of: targets.count)
  }

  /// Sends users to brokers.
  static func put(
    _ code: RequestCode, _ users: [(UserInfo, [BrokerTarget])], _ result: String,
    _ invocation: inout Invocation
  ) throws(Failure) {
    var plan = Plan()
    for (user, targets) in users {
      var shown = user
      // A dry run says what would be sent, but for the secret.
      if invocation.isDryRun && user.password != nil { shown.password = "***" }
      let body = Array(shown.json.text(.compact).utf8)
      for target in targets {
        plan.add(target, Request(code, [("username", user.name)], body: body), result: result)
      }
    }
    plan.explain = AccessQueries.explained
    try plan.run(&invocation)
  }

  /// "super" is "Super" on the wire.
  static func titled(_ word: String) -> String { word.prefix(1).uppercased() + word.dropFirst() }
}
