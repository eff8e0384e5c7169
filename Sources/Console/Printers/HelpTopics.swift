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
  package static let all: [HelpTopic] = [
    objects, connection, contexts, environment, output, formats, messages, exitCodes, safety, filters,
    apply, recordings,
  ]

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

      Contexts are kept in $XDG_CONFIG_HOME/mq/config.toml, or in ~/.config instead
      (mq help contexts). Only its owner can read the file.

      Where a cluster asks for credentials, requests are signed by an access key (the
      name of a user) and its secret key. They come from the first that is set:

        1  --access-key NAME           secret from --secret-key-file FILE (- is
                                       standard input) or MQ_SECRET_KEY
        2  MQ_ACCESS_KEY               the same
        3  the context                 mq context add NAME NAMESRV --access-key NAME
        4  tools.yml                   $ROCKETMQ_HOME/conf/tools.yml, as mqadmin

      MQ_SECURITY_TOKEN is sent along when it is set. Without credentials nothing is
      signed. mq bench never signs.

      """)

  private static let output = HelpTopic(
    name: "output",
    text: """
      Forms of output, chosen with -o:

        table     aligned columns for people
        wide      the same with more columns
        json      an array of objects, or one object where one thing is described
        yaml      the same as YAML
        csv       RFC 4180, one line of keys first
        name      names only, one a line
        template  a line per row in the shape of --template, which chooses this form

      mq help formats says what scripts can rely on.

      On a terminal, tables fit its width: long names are shortened to begin...end,
      other texts at their end, numbers never. Output into a pipe or a file and -o
      wide are never shortened. --no-headers leaves out the column names.

      Commands that print a table take these, in every form:

        --columns topic,lag         these columns only, in this order: keys as in JSON
                                    or headings, also those of -o wide
        --sort-by lag:desc,topic    in this order; what is not known comes last
        --filter 'lag>1000 and group~order*'
        --template '{topic} {lag}'  {{ and }} are braces, \\t is a tab

      A filter compares columns with values by = != < > <= >= ~ !~ and joins that with
      and, or, not and parentheses. ~ takes a pattern with * and ?, or a part of a
      text. Numbers are in the unit of the key, or have one: age>5m, size>=1MiB,
      disk>90%, lastMessage>-1h. Of a list, one element must fulfil it. What is not
      known fulfils no comparison. Blanks in names or values need quotes.

      Where one thing is described with several tables, its main one is meant: the
      one that -o csv prints.

      --watch repeats a command every 2 s, or every --watch=TIME, until Ctrl-C; a
      round in which nobody answers is told and passed over.

      Colours are used on a terminal only, never with NO_COLOR or TERM=dumb; --color
      decides. Control characters in names are shown as \\x1b and the like.

      """)

  private static let formats = HelpTopic(
    name: "formats",
    text: """
      What scripts can rely on in the output of -o json, yaml, csv and --template.

      Keys: in camelCase, the same in every form. A key is never renamed and never
      changes its meaning within a major version; new keys may come. Lists print an
      array of objects, also for one or no element; describe and status of one thing
      print one object, with its tables as arrays in it. Every row has every key.

      Values: numbers are raw; the end of the key tells the unit.

        ...Bytes         bytes
        ...Ms            milliseconds, or milliseconds since 1970 beside a time
        ...PerSecond     per second
        ...Ratio         0 to 1
        is..., has...    true or false
        ...Offset        position in a queue, an integer of 64 bits: read it as such

      Times come as a pair: the key has RFC 3339 in local time with milliseconds and
      zone, the key with Ms at its end the same as milliseconds since 1970. CSV and
      templates have the first only.

        "lastMessage": "2026-11-20T10:00:00.123+01:00",
        "lastMessageMs": 1795165200123

      What is not known or never happened is null in JSON and YAML, empty in CSV and
      templates, - in tables. Lists are arrays in JSON and YAML, in CSV and templates
      their elements with ; between them. true and false stand for flags.

      JSON is UTF-8, indented by two blanks; messages are one object a line. YAML is
      YAML 1.2; a second document in the same output begins with ---. CSV has CR LF
      at its line ends, quotes fields with commas, quotes or line breaks, and begins
      with a line of keys unless --no-headers. With --watch each round prints one
      whole document.

      A message is one object a line (mq consume, mq message cat, tail and export,
      mq dlq cat and export):

        {"topic":"orders","broker":"broker-a","queueId":3,"queueOffset":1042,
         "messageId":"...","offsetMessageId":"...","keys":"order-17","tags":"new",
         "properties":{"price":"30"},"bornTime":"...","bornTimeMs":0,
         "storeTime":"...","storeTimeMs":0,"reconsumeTimes":0,"flag":0,
         "body":"hello"}

      A body that is no UTF-8 is in "bodyBase64" instead. mq produce --json reads the
      same lines (and mq message import, which takes topic, broker and queueId too);
      it takes body, keys, tags, flag, delayLevel and properties, and ignores what
      only a broker may set.

      Changes print one object per broker: broker, address, result, error. --dry-run
      prints the requests instead: broker, address, code, request, fields.

      Failures go to stderr, with -o json or yaml as an object; stdout then has what
      could be found out, or nothing:

        error.code       failed, usage, notFound, partial, unreachable, auth, check or
                         interrupted
        error.exitCode   the exit code, see mq help exit-codes
        error.message    what failed, in words that may change
        error.hint       what to do next; absent when nothing is known to help
        error.rpcCode    the response code of the broker, when one answered
        error.broker     name or address of the first broker that failed
        error.brokers    all of them, when there are several
        error.request    name of the request that failed

      Exit codes: 0 done, 1 failed, 2 usage, 3 not found, 4 partial, 5 unreachable,
      6 not allowed, 7 threshold crossed, 130 interrupted.

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
      or yaml stderr has an object error instead, see mq help formats. With -v a third
      line tells the request, who was asked, and the response code.

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
        NOT (...)    ... AND ...    ... OR ...

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
