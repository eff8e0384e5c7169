// More help that belongs to no single command: names, contexts, environment.

extension HelpTopics {
  static let objects = HelpTopic(
    name: "objects",
    text: """
      How commands and objects are named.

      A command is a noun and a verb; the object comes first and has no flag of its
      own: mq topic describe orders, mq group seek billing --topic orders. list shows
      many, describe one; create, alter and delete change.

      A letter means the same everywhere:

        -n  name servers         -t  topic
        -c  cluster              -g  consumer group
        -b  broker               -q  queue
        -o  form of output       -y  do not ask
        -w  repeat               -v  say more
        -f  file; follow, where messages are read

      Other forms of names:

        orders                   a topic or group; PATTERN takes * and ?
        broker-a                 a broker and all its replicas
        broker-a:1               one replica; 0 is the master
        10.0.0.5:10911           the same by its address
        orders/broker-a/3@1042   a message: topic, broker, queue, offset

      Sizes are written 512, 64k, 1M (powers of 1024), durations 250ms, 2s, 1h30m, 3d,
      times now, -5m, 2026-11-20T10:00 or milliseconds since 1970.

      """)

  static let contexts = HelpTopic(
    name: "contexts",
    text: """
      A context is a name for a cluster's name servers.

      mq context add saves one, mq context use chooses it from then on, --context NAME
      or MQ_CONTEXT for one command, mq context show tells which address is used and
      which rule it comes from. -n, MQ_NAMESRV and NAMESRV_ADDR are stronger than the
      context in use.

      They are kept in one file, ~/.config/mq/config.toml, which may be edited:

        current = "prod"

        [context."prod"]
        namesrv = "ns1:9876;ns2:9876"
        cluster = "Prod"
        protected = true

      cluster is where changes go when no --cluster is given. read_only = true refuses
      every command that changes something; --dry-run still shows what it would do.
      protected = true has the context's name typed, too, before something is
      destroyed, and before any change from mq top. What mq does not know
      in the file is an error with its line: nothing is lost when it is rewritten.

      """)

  static let environment = HelpTopic(
    name: "environment",
    text: """
      Variables that mq reads; empty ones count as absent.

        MQ_NAMESRV       name servers, as -n
        NAMESRV_ADDR     the same, as Apache's clients have it
        MQ_CONTEXT       a saved context, as --context
        MQ_ACCESS_KEY, MQ_SECRET_KEY, MQ_SECURITY_TOKEN
                         credentials (mq help connection)
        ROCKETMQ_HOME    directory of conf/tools.yml, credentials as mqadmin has them
        NO_COLOR         no colours unless --color=always
        XDG_CONFIG_HOME  directory of mq/config.toml, else ~/.config
        XDG_DATA_HOME    directory of the store of mq serve, else ~/.local/share
        XDG_STATE_HOME   directory of what is remembered between runs: the offsets
                         of broadcasting groups; else ~/.local/state
        TMPDIR           directory of ephemeral stores, else /tmp
        LANG, LC_ALL     whether the terminal of mq top shows UTF-8

      """)

  static let messages = HelpTopic(
    name: "messages",
    text: """
      Messages as JSON are one object a line (mq consume, mq message tail, dlq cat):

        {"topic":"orders","broker":"broker-a","queueId":3,"queueOffset":1042,
         "messageId":"...","offsetMessageId":"...","keys":"order-17","tags":"new",
         "properties":{"price":"30"},"bornTime":"...","bornTimeMs":...,
         "storeTime":"...","storeTimeMs":...,"reconsumeTimes":0,"body":"hello"}

      A body that is no UTF-8 is in "bodyBase64" instead. mq produce --json reads the
      same lines; it takes body, keys, tags, delayLevel and properties, and ignores
      what only a broker may set.

      """)
}
