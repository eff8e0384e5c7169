// `mq topic|group|cluster apply` and `mq topic|group|cluster export`: rows and the few lines that differ.

import Client
import Wire

enum TopicApply {
  static let row = Command(
    ["topic", "apply"], summary: "Make topics as a file says",
    details: """
      Reads the topics of a YAML or JSON file, compares them with what each master of the cluster has, shows
      what differs, and makes it so; what the file does not say of a topic stays. Applied again, it changes
      nothing. mq help apply shows the form of the file; mq topic export writes one.

      --prune also deletes topics that the file does not name, after asking; never those of the system, nor
      retry and dead-letter topics.
      """,
    impact: .destroys, flags: StateApply.flags, shared: StateApply.shared,
    examples: [
      Example("mq topic apply -f topics.yaml", "create and change topics"),
      Example("mq topic apply -f topics.yaml --dry-run --exit-code", "exit with 7 when something differs"),
      Example("mq topic apply -f topics.yaml --prune --yes", "and delete the others, without asking"),
    ],
    replaces: ["updateTopicList"]
  ) { (invocation) throws(Failure) in try StateApply.run(&invocation, only: .topic) }
}

enum GroupApply {
  static let row = Command(
    ["group", "apply"], summary: "Make consumer groups as a file says",
    details: """
      As mq topic apply, for the settings of consumer groups. --prune deletes groups that the file does not
      name, with their offsets, after asking.
      """,
    impact: .destroys, flags: StateApply.flags, shared: StateApply.shared,
    examples: [
      Example("mq group apply -f groups.yaml", "create and change groups"),
      Example("mq group export | mq group apply -f - --dry-run", "what an export would change: nothing"),
    ],
    replaces: ["updateSubGroupList"]
  ) { (invocation) throws(Failure) in try StateApply.run(&invocation, only: .group) }
}

enum ClusterApply {
  static let row = Command(
    ["cluster", "apply"], summary: "Make topics, groups and settings as a file says",
    details: """
      Applies every section of the file: topics, groups, settings of brokers, key-value settings of name
      servers. Sections that the file does not have are left alone, by --prune too. What a broker refuses is
      told, the rest is done, and the exit code is 4.
      """,
    impact: .destroys, flags: StateApply.flags, shared: StateApply.shared,
    examples: [
      Example("mq cluster apply -f prod.yaml --dry-run", "show what differs and what would be sent"),
      Example("mq cluster apply -f prod.yaml -c Staging", "make another cluster alike"),
    ]
  ) { (invocation) throws(Failure) in try StateApply.run(&invocation, only: nil) }
}

enum TopicExport {
  static let row = Command(
    ["topic", "export"], summary: "Print topics in the form that mq topic apply reads",
    details: """
      YAML, or JSON with -o json. What brokers have in common stands with the topic, what differs with the
      broker.
      """,
    arguments: [Argument("PATTERN", "only topics that match", isOptional: true)],
    flags: [Flag("all", .toggle, "", "also retry and dead-letter topics")],
    shared: [.connection, .output, .cluster, .broker],
    examples: [
      Example("mq topic export > topics.yaml", "all topics of the cluster"),
      Example("mq topic export 'order*' -o json", "some, as JSON"),
    ],
    replaces: ["exportMetadata"]
  ) { (invocation) throws(Failure) in try run(&invocation, .topic, all: invocation.isOn("all")) }

  static func run(_ invocation: inout Invocation, _ kind: ObjectKind, all: Bool) throws(Failure) {
    let cluster = try invocation.admin()
    let targets = try invocation.mastersToChange()
    var problems = Problems()
    let state = ClusterState.read(cluster, targets, servers: [], kinds: [kind], namespaces: [], &problems)
    if state.brokers.isEmpty { try problems.finish(of: targets.count) }
    let pattern = invocation.argument("PATTERN")
    StateExport.print(.object([StateExport.section(kind, state, pattern: pattern, all: all)]), invocation)
    try problems.finish(of: targets.count)
  }
}

enum GroupExport {
  static let row = Command(
    ["group", "export"], summary: "Print groups in the form that mq group apply reads",
    details: "YAML, or JSON with -o json. Groups of the system are left out.",
    arguments: [Argument("PATTERN", "only groups that match", isOptional: true)],
    shared: [.connection, .output, .cluster, .broker],
    examples: [
      Example("mq group export > groups.yaml", "all groups of the cluster"),
      Example("mq group export 'bill*' -o json", "some, as JSON"),
    ],
    replaces: ["exportMetadata"]
  ) { (invocation) throws(Failure) in try TopicExport.run(&invocation, .group, all: false) }
}

enum ClusterExport {
  static let row = Command(
    ["cluster", "export"], summary: "Print topics, groups, settings and numbers of a cluster",
    details: """
      YAML, or JSON with -o json, that mq cluster apply reads: applying an export to its own cluster changes
      nothing. Without a flag it has topics, groups and the noted queues of ordered topics. --config adds
      every setting of every broker, many of which belong to one machine; --metrics adds numbers, which
      nobody can apply.
      """,
    flags: [
      Flag("metadata", .toggle, "", "topics and groups (when no other flag is given)"),
      Flag("config", .toggle, "", "settings of brokers"),
      Flag("metrics", .toggle, "", "rates, totals, versions, disks"),
      Flag("all", .toggle, "", "also retry and dead-letter topics"),
    ],
    shared: [.connection, .output, .cluster, .broker],
    examples: [
      Example("mq cluster export > cluster.yaml", "a backup of topics and groups"),
      Example("mq cluster export --metadata --config -c Prod", "with the settings of brokers"),
      Example("mq cluster export --metrics -o json", "numbers only, for a report"),
    ],
    replaces: ["exportMetadata", "exportConfigs", "exportMetrics"], run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let hasConfig = invocation.isOn("config")
    let hasMetrics = invocation.isOn("metrics")
    let hasMetadata = invocation.toggle("metadata") ?? !(hasConfig || hasMetrics)
    let cluster = try invocation.admin()
    let targets = try invocation.mastersToChange()
    var kinds: Set<ObjectKind> = []
    if hasMetadata || hasMetrics { kinds.formUnion([.topic, .group]) }
    if hasConfig { kinds.insert(.config) }
    var problems = Problems()
    let servers = hasMetadata ? try invocation.nameServerTargets() : []
    let state = ClusterState.read(
      cluster, targets, servers: servers, kinds: kinds, namespaces: [ClusterState.orderNamespace], &problems)
    if state.brokers.isEmpty { try problems.finish(of: targets.count) }
    var members: [JSON.Member] = []
    if let name = targets.first?.cluster, !name.isEmpty {
      members.append(JSON.Member("cluster", .string(name)))
    }
    if hasMetadata {
      let all = invocation.isOn("all")
      members.append(StateExport.section(.topic, state, pattern: nil, all: all))
      members.append(StateExport.section(.group, state, pattern: nil, all: all))
      if let pairs = StateExport.pairs(state) { members.append(pairs) }
    }
    if hasConfig { members.append(StateExport.config(state)) }
    if hasMetrics { members.append(ClusterMetrics.section(cluster, state, &problems)) }
    StateExport.print(.object(members), invocation)
    try problems.finish(of: targets.count + servers.count)
  }
}
