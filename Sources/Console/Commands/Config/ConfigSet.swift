// `mq config set`: reads the settings, shows what changes, sends it, and reads it back.

import Client
import Wire

enum ConfigSet {
  static let row = Command(
    ["config", "set"], summary: "Change settings of brokers, name servers or controllers",
    details: """
      \(ConfigTarget.help)

      Shows old and new values, sends all changes of a process in one request, and reads them back. A setting
      that a process does not have is refused, as brokers ignore such silently. Brokers save what they are
      told; many of their settings count only after a restart.
      """,
    impact: .writes,
    arguments: [
      ConfigTarget.argument, Argument("KEY=VALUE", "settings with their new values", isRepeated: true),
    ],
    flags: [BrokerCommands.allReplicas, Flag("force", .toggle, "", "send settings that are not there, too")],
    shared: .change,
    examples: [
      Example("mq config set broker/broker-a fileReservedTime=48 deleteWhen=03", "two settings of a broker"),
      Example("mq config set cluster/DefaultCluster traceOn=false --dry-run", "what it would change"),
      Example("mq config set namesrv orderMessageEnable=true", "of every name server"),
    ],
    replaces: ["updateBrokerConfig", "updateNamesrvConfig", "updateControllerConfig"], run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let wanted = try entries(invocation.arguments("KEY=VALUE"))
    let target = try ConfigTarget.find(invocation.required("TARGET"), &invocation)
    let cluster = try invocation.cluster()
    var problems = Problems()
    let before = target.read(cluster, &problems)
    try problems.finish(of: 1)

    var diff = Table([
      Column("OF", key: "of"), Column("SETTING", key: "setting"), Column("BEFORE", key: "before"),
      Column("AFTER", key: "after"),
    ])
    diff.emptyText = "nothing changes"
    var plan = Plan()
    for (process, settings) in before {
      let changes = try changes(wanted, process, settings, isForced: invocation.isOn("force"))
      if changes.isEmpty { continue }
      for change in changes {
        diff.add(
          .text(ConfigTarget.label(process)), .text(change.key),
          .text(settings.first { $0.key == change.key }?.value), .text(change.value))
      }
      plan.add(process, target.change(SettingsText.body(changes)), result: "changed")
    }
    if invocation.output.isForPeople || plan.steps.isEmpty {
      invocation.print(diff)
    }
    if plan.steps.isEmpty { return }
    invocation.say("")
    do throws(Failure) { try plan.run(&invocation) } catch { throw explained(error) }
    if !invocation.isDryRun { try readBack(wanted, target, cluster) }
  }

  /// What differs from what is there.
  private static func changes(
    _ wanted: [(key: String, value: String)], _ process: BrokerTarget, _ settings: ConfigTarget.Settings,
    isForced: Bool
  ) throws(Failure) -> [(key: String, value: String)] {
    for entry in wanted where !isForced && !settings.contains(where: { $0.key == entry.key }) {
      let hint = Suggestion.hint(entry.key, of: settings.map(\.key))
      throw Failure(
        .notFound, "\(ConfigTarget.label(process)) has no setting \(entry.key)",
        hint: hint.isEmpty ? "mq config get shows its settings; --force sends it all the same" : hint)
    }
    return wanted.filter { entry in settings.first { $0.key == entry.key }?.value != entry.value }
  }

  /// Apache refuses a few settings with the code of missing permission; credentials do not help.
  private static func explained(_ error: Failure) -> Failure {
    if !error.message.hasSuffix("Can not update config in black list") { return error }
    return Failure(
      .failed, error.message, hint: "set it in the process's configuration file, and restart it",
      responseCode: ResponseCode.noPermission.rawValue
    ).about(error.brokers, error.request)
  }

  private static func readBack(
    _ wanted: [(key: String, value: String)], _ target: ConfigTarget, _ cluster: Cluster
  ) throws(Failure) {
    var problems = Problems()
    var missed: [String] = []
    for (process, settings) in target.read(cluster, &problems) {
      for entry in wanted {
        let now = settings.first { $0.key == entry.key }?.value
        if now != entry.value {
          missed.append("\(ConfigTarget.label(process)) has \(entry.key)=\(now ?? "nothing")")
        }
      }
    }
    if !missed.isEmpty {
      throw Failure(
        .failed, "not all was taken over: \(missed.joined(separator: ", "))",
        hint: "the value may have the wrong form for that setting, or it has no effect there")
    }
    try problems.finish(of: target.processes.count)
  }

  /// KEY=VALUE; of a key that comes twice the last counts.
  private static func entries(_ words: [String]) throws(Failure) -> [(key: String, value: String)] {
    var entries: [(key: String, value: String)] = []
    for word in words {
      guard let equals = word.firstIndex(of: "="), equals != word.startIndex else {
        throw Failure(.usage, "\(word) is not KEY=VALUE", hint: "for example fileReservedTime=48")
      }
      let key = String(word[..<equals])
      entries.removeAll { $0.key == key }
      entries.append((key, String(word[word.index(after: equals)...])))
    }
    return entries
  }
}
