// `mq context`: saved addresses of clusters.

import Wire

enum ContextCommands {
  static let rows: [Command] = [
    Command(
      ["context", "add"], summary: "Save the address of a cluster under a name",
      details: """
        The first context that is saved is used from then on. An existing context of that name is replaced.

        A secret key comes from --secret-key-file or the environment variable MQ_SECRET_KEY and is kept in the
        file of the contexts, which only its owner can read.
        """,
      impact: .local,
      arguments: [
        Argument("NAME", "name of the context"),
        Argument("NAMESRV", "name servers, host:port separated by , or ;"),
      ],
      flags: [
        Flag("default-cluster", .text, "NAME", "cluster that changes go to when none is named"),
        Flag("access-key", .text, "NAME", "user that signs the requests"),
        Flag(
          "secret-key-file", .text, "FILE", "file with its secret key, - is standard input",
          completion: .files),
        Flag("read-only", .toggle, "", "refuse commands that change something"),
        Flag("protected", .toggle, "", "ask for its name, too, before something is destroyed"),
      ],
      examples: [
        Example("mq context add local 127.0.0.1:9876", "save the local name server as local"),
        Example(
          "mq context add prod 'ns1:9876;ns2:9876' --default-cluster Prod", "two name servers and a cluster"),
      ], run: add),
    Command(
      ["context", "list"], summary: "List the saved contexts", impact: .local, shared: [.output, .rows],
      examples: [
        Example("mq context list", "all contexts; the one in use is marked"),
        Example("mq context list -o name", "their names"),
      ], run: list),
    Command(
      ["context", "use"], summary: "Use a context from now on", impact: .local,
      arguments: [Argument("NAME", "name of the context", completion: .contexts)],
      examples: [
        Example("mq context use prod", "commands go to prod unless told otherwise"),
        Example("MQ_CONTEXT=prod mq topic list", "use a context for one command"),
      ], run: use),
    Command(
      ["context", "show"], summary: "Show which name servers are used, and why", impact: .local,
      shared: [.connection, .output],
      examples: [
        Example("mq context show", "the address, and the rule that it comes from"),
        Example("mq context show --context prod -o json", "what another context would give"),
      ], run: show),
    Command(
      ["context", "remove"], summary: "Remove a saved context", impact: .local,
      arguments: [Argument("NAME", "name of the context", completion: .contexts)],
      examples: [
        Example("mq context remove old", "forget the context old"),
        Example("mq context remove local", "forget the context local"),
      ], run: remove),
  ]

  private static func add(_ invocation: inout Invocation) throws(Failure) {
    let name = invocation.required("NAME")
    let allowed = name.unicodeScalars.allSatisfy {
      $0.properties.isAlphabetic || $0.properties.numericType != nil || "-_.".unicodeScalars.contains($0)
    }
    if name.isEmpty || !allowed {
      throw Failure(.usage, "\(name) is no name for a context", hint: "letters, digits, - _ and . only")
    }
    let servers = try Settings.addresses(invocation.required("NAMESRV"))
    if servers.isEmpty {
      throw Failure(.usage, "no name server is given", hint: "for example 127.0.0.1:9876")
    }
    var contexts = try invocation.contextFile.load()
    var entry = SavedContext(name: name, nameServers: servers.joined(separator: ";"))
    entry.cluster = invocation.string("default-cluster") ?? ""
    entry.isReadOnly = invocation.isOn("read-only")
    entry.isProtected = invocation.isOn("protected")
    if let key = invocation.string("access-key") {
      let settings = invocation.settingsInUse
      entry.accessKey = key
      entry.secretKey =
        try settings.secretFile(invocation.input) ?? settings.environment("MQ_SECRET_KEY") ?? ""
      if entry.secretKey.isEmpty {
        invocation.warn("no secret key is saved for \(key); it is taken from MQ_SECRET_KEY when it is needed")
      }
    } else if invocation.has("secret-key-file") {
      throw Failure(.usage, "--secret-key-file is given without an access key", hint: "add --access-key NAME")
    }
    contexts.entries.removeAll { $0.name == name }
    contexts.entries.append(entry)
    if contexts.current == nil { contexts.current = name }
    try invocation.contextFile.save(contexts)
    invocation.say("saved context \(name)" + (contexts.current == name ? ", in use" : ""))
  }

  private static func list(_ invocation: inout Invocation) throws(Failure) {
    let contexts = try invocation.contextFile.load()
    var table = Table([
      Column("NAME", key: "name"), Column("IN USE", key: "isInUse"), Column("NAME SERVERS", key: "namesrv"),
      Column("CLUSTER", key: "cluster"), Column("ACCESS KEY", key: "accessKey", wide: true),
      Column("READ-ONLY", key: "isReadOnly", wide: true),
      Column("PROTECTED", key: "isProtected", wide: true),
    ])
    table.emptyText = "no contexts; mq context add saves one"
    for entry in contexts.entries {
      table.add(
        .text(entry.name), .flag(entry.name == contexts.current), .text(entry.nameServers),
        .text(entry.cluster.isEmpty ? nil : entry.cluster),
        .text(entry.accessKey.isEmpty ? nil : entry.accessKey), .flag(entry.isReadOnly),
        .flag(entry.isProtected))
    }
    invocation.print(table)
  }

  private static func use(_ invocation: inout Invocation) throws(Failure) {
    var contexts = try invocation.contextFile.load()
    let name = invocation.required("NAME")
    try require(name, contexts)
    contexts.current = name
    try invocation.contextFile.save(contexts)
    invocation.say("using context \(name): \(contexts[name]?.nameServers ?? "")")
  }

  private static func show(_ invocation: inout Invocation) throws(Failure) {
    let (list, rule) = try invocation.settingsInUse.source(invocation.input)
    var report = Report()
    report.add("Name servers", key: "nameServers", .list(try Settings.addresses(list, rule: rule)))
    report.add("From", key: "source", .text(rule))
    report.add(
      "Cluster", key: "cluster", .text(try invocation.settingsInUse.contextCluster(invocation.input)))
    let user = try invocation.settingsInUse.credentials(invocation.input)?.accessKey
    report.add("Access key", key: "accessKey", .text(user))
    report.add("File", key: "file", .text(invocation.contextFile.path))
    invocation.print(report)
  }

  private static func remove(_ invocation: inout Invocation) throws(Failure) {
    var contexts = try invocation.contextFile.load()
    let name = invocation.required("NAME")
    try require(name, contexts)
    contexts.entries.removeAll { $0.name == name }
    if contexts.current == name { contexts.current = nil }
    try invocation.contextFile.save(contexts)
    invocation.say("removed context \(name)")
  }

  private static func require(_ name: String, _ contexts: Contexts) throws(Failure) {
    if contexts[name] != nil { return }
    let nearest = Suggestion.hint(name, of: contexts.entries.map(\.name))
    throw Failure(
      .notFound, "no context is named \(name)", hint: nearest.isEmpty ? "mq context list shows them" : nearest
    )
  }
}
