// Help that belongs to no single command: `mq help output` and the like.

/// A page of help.
package struct HelpTopic: Sendable {
  /// What follows `mq help`.
  package let name: String
  /// Lines of at most 80 columns.
  package let text: String
}

/// All pages of help.
package enum HelpTopics {
  /// In the order of the help.
  package static let all: [HelpTopic] = [connection, output, exitCodes, safety, filters, apply]

  private static let connection = HelpTopic(
    name: "connection",
    text: """
      How mq finds a cluster.

      The name servers come from the first of these that is set:

        1  -n, --namesrv LIST          host:port, separated by , or ;
        2  --context NAME              a context saved with mq context add
        3  MQ_NAMESRV, NAMESRV_ADDR    environment, the same form as -n
        4  MQ_CONTEXT                  environment, the name of a context
        5  the context in use          mq context use NAME
        6  127.0.0.1:9876

      A missing port is 9876. Name servers are tried in turn until one answers.
      Brokers are asked at the addresses that they registered there, all at once.
      --timeout is the time for the whole command, 5 s unless given.

      Contexts are kept in $XDG_CONFIG_HOME/mq/config.toml, or ~/.config/mq/config.toml.

      """)

  private static let output = HelpTopic(
    name: "output",
    text: """
      Forms of output, chosen with -o:

        table  aligned columns for people; names are never cut
        wide   the same with more columns
        json   an array of objects, or one object where one thing is described
        csv    RFC 4180, one line of keys first
        name   names only, one a line

      JSON and CSV hold raw numbers; the unit is at the end of the key: sizeBytes,
      ageMs. Times are RFC 3339 in local time, and in JSON also ms since 1970 under
      the same key with Ms at its end. What is not known is - in tables, null in
      JSON, empty in CSV. --no-headers leaves out the column names.

      Colours are used on a terminal only, never with NO_COLOR; --color decides.
      Control characters in names are shown as \\x1b and the like.

      """)

  private static let exitCodes = HelpTopic(
    name: "exit-codes",
    text: """
      Exit codes of mq:

          0  done
          1  refused or failed
          2  usage: the command line cannot be understood
          3  not found: no such topic, group, message, broker, context
          4  partial: done on some brokers, not on others
          5  unreachable: nobody there, or no answer in time
          6  not allowed: credentials missing or wrong
          7  a threshold that was given is crossed
        130  interrupted, or not confirmed

      Failures go to stderr as "mq: what failed" and "hint: what to do". With -o json
      stderr has {"error":{"code","exitCode","rpcCode","message","hint"}} instead.

      """)

  private static let safety = HelpTopic(
    name: "safety",
    text: """
      Commands that change or destroy something:

      --dry-run prints every request that would be sent, to which broker, and what it
      would affect, and sends nothing.

      Commands that delete or rewind ask before they do; to delete, type the name.
      Where nobody can be asked (no terminal) they refuse unless --yes is given.

      create refuses what exists already (--if-not-exists accepts it); alter changes
      only what is named and prints the difference.

      """)

  private static let filters = HelpTopic(
    name: "filters",
    text: """
      Filters of mq consume and mq message tail:

        --tag new             messages with the tag new
        --tag 'new || paid'   with one of the two
        --sql EXPR            whose properties fulfil the expression

      An expression compares properties with constants. The tag is the property TAGS,
      the keys are KEYS; names are compared letter by letter, words in any case.

        price > 10    price <= 9.5    price BETWEEN 10 AND 20
        colour = 'red'    colour <> 'red'    colour IN ('red', 'blue')
        note IS NULL    note IS NOT NULL    urgent = TRUE
        name STARTSWITH 'a'    name ENDSWITH 'z'    name CONTAINS 'mid'
        NOT (…)    … AND …    … OR …

      A quote inside a text is written twice: 'it''s'. What a message does not have
      is neither equal nor unequal to anything: x <> 1 leaves out messages without x.
      A property that is no number fulfils no comparison with one.

      Brokers of Apache evaluate SQL only where enablePropertyFilter=true, mq serve
      unless enablePropertyFilter=false.

      """)

  private static let apply = HelpTopic(
    name: "apply",
    text: """
      The file of mq topic apply, mq group apply and mq cluster apply.

      YAML or JSON, in one document or several; mq cluster export prints one:

        cluster: Prod                  when neither -c nor -b says where
        topics:
          Orders:
            queues: 8                  or readQueues and writeQueues
            perm: rw                   rw, r, w or none
            order: false
            type: FIFO                 the attribute message.type
            attributes: {message.type: FIFO}
            brokers:                   where it is, and what differs there
              broker-a:
              broker-b: {queues: 4}
          Audit: {}
        groups:
          billing:
            retryMaxTimes: 16
            consumeEnable: true
        config:                        settings of brokers
          "*": {fileReservedTime: 48}  on every broker
          broker-a: {flushDiskType: SYNC_FLUSH}
        kv:                            settings of name servers
          ORDER_TOPIC_CONFIG: {Orders: "broker-a:8;broker-b:4"}

      What a file does not say stays as it is; a new topic has 8 queues and rw.
      Named attributes are all that there are to be. brokers may be a list of names;
      without it a topic or group is on every master.

      --prune deletes what the file does not name, of the kinds that it has, and
      never what belongs to the system. mqadmin's files are read too: lists of
      TopicConfig or SubscriptionGroupConfig, and the tables of exportMetadata.

      """)
}
