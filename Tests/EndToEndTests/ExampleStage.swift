// What the examples of the manual need, as tables of one line a thing. Patterns are regular expressions that
// are looked for in the example's text; scripts are run by bash in its home directory, before it.

enum Stage {
  /// Examples that go on until they are interrupted, beside servers, --follow and --watch.
  static let follows = screens + #"|^mq message tail orders($| --last)"#
  /// Examples that draw on a terminal or ask there, beside those that destroy without --yes.
  static let terminal = screens + #"|^mq user create alice$|--ask-password"#
  private static let screens = #"^mq top($| --(demo|read-only|record|replay [^ ]+$))"#

  /// Settings beside those that mq.conf(5) shows.
  static let configuration = """
    traceTopicEnable=true
    transactionTimeOut=2000
    transactionCheckInterval=200
    """

  /// Stands for a script that only the tests' own client can do.
  static let deadLetters = "dead letters of billing"

  /// What an example names, and what makes it. Made again after an example that changes it.
  static let things: [(pattern: String, script: String)] = [
    ("orders|billing|order-17|AC11|7F00|dlq|pay|stats", ordersScript),
    (
      "Orders",
      """
      mq topic create Orders --if-not-exists; mq topic alter Orders --perm rw --queues 8
      mq produce Orders hello --key k
      """
    ),
    (
      "(group|check) .*billing",
      "mq group resume billing && mq group resume billing orders\n"
        + "mq consume orders -g billing --count 2"
    ),
    (
      "billing.*Orders",
      "mq topic create Orders --if-not-exists; mq produce Orders x; mq consume Orders -g billing --count 1"
    ),
    (#"pay\*"#, "mq consume orders -g payments --count 1"),
    ("dlq", deadLetters),
    ("message trace", traceScript),
    ("questions", "mq topic create questions --if-not-exists"),
    ("order.xml", "echo '<order/>' > order.xml"),
    ("ci.secret", "echo secret-17 > ci.secret; chmod 600 ci.secret"),
    (
      "context (use|remove|show)|MQ_CONTEXT",
      "for c in local old prod; do mq context add $c $MQ_NAMESRV; done"
    ),
    ("topic order (get|unset)", "mq topic order set Orders"),
    ("kv (list|get) ORDER_TOPIC_CONFIG", "mq namesrv kv set ORDER_TOPIC_CONFIG Orders broker-a:4"),
    ("kv delete MY_NAMESPACE", "mq namesrv kv set MY_NAMESPACE color blue"),
    ("topic entries", "seq 5008 | mq produce Orders --queue 2"),
    ("~/store", storeScript),
    ("zfunc|fish", "mkdir -p .zfunc .config/fish/completions"),
  ]

  /// Queue 3 is long enough for what the examples call orders/broker-a/3@1042.
  private static let ordersScript = """
    mq topic create orders --if-not-exists; seq 1100 | mq produce orders --queue 3
    mq produce orders 'a new one' --key order-17 --tag new --prop price=30 --prop colour=red
    mq produce orders '{"price":1200}' --queue 3
    """

  /// The store of a server that has ended.
  private static let storeScript = """
    set -e; rm -rf store store.log; touch store.log
    mq serve --data store --namesrv-port 0 --port 0 > store.log & server=$!
    trap 'kill $server' EXIT
    until grep -q 'mq consume' store.log; do sleep 0.02; done
    export MQ_NAMESRV=$(grep -o '127.0.0.1:[0-9]*' store.log | head -n 1)
    mq topic create orders; mq produce orders hello --key order-17; kill $server; wait $server; trap - EXIT
    """

  /// What a client that traces sends when it has sent.
  private static let traceScript = #"""
    id=$(mq message find -t orders --key order-17 -o name | head -n 1)
    printf 'Pub\001%s000\001R\001PG\001orders\001%s\001new\001order-17\001127.0.0.1:10911\0019\0012\0010\001OFF\001true\002' \
      "$(date +%s)" "$id" > trace
    mq produce RMQ_SYS_TRACE_TOPIC -f trace --key "$id order-17"
    """#

  /// Done each time before an example.
  static let before: [(pattern: String, script: String)] = [
    ("^mq topic create Orders", "mq topic delete Orders --yes"),
    ("^mq topic create Refunds", "mq topic delete Refunds --yes || [ $? = 3 ]"),
    ("^mq topic create Payments", "mq topic delete Payments --yes || [ $? = 3 ]"),
    ("--max-lag 1000", "seq 1001 | mq produce orders --queue 3"),
    ("^mq topic static create", "mq topic delete Ledger --yes || [ $? = 3 ]"),
    (
      "static .*--map-file",
      "mq topic delete Ledger --yes || [ $? = 3 ] && mq topic static create Ledger --queues 8 --dry-run -o json > map.json"
    ),
    ("static remap .*--map-file", "mq topic static create Ledger --map-file map.json"),
    ("topics.yaml", "mq topic export > topics.yaml"),
    ("groups.yaml", "mq group export > groups.yaml"),
    ("prod.yaml", "mq cluster export > prod.yaml"),
    ("(dead|new).jsonl", "rm -f dead.jsonl new.jsonl"),
    ("^mq group create billing", "mq group delete billing --yes"),
    ("resume-check", halfScript),
    ("^mq top --record", "rm -f incident.mqtop"),
    ("^mq top --replay", "mq top --batch -n 1 -d 200ms --record incident.mqtop --yes"),
    ("^mq bench ping mq-bench", "mq topic create mq-bench --if-not-exists"),
    ("^mq bench consume", "mq topic create mq-bench --if-not-exists; seq 2000 | mq produce mq-bench"),
  ]

  /// A half message that nobody ends: its producer is gone before the broker asks.
  private static let halfScript = """
    rm -f half.log; mq produce orders hello --transaction check > half.log & producer=$!
    until grep -q waiting half.log; do sleep 0.02; done; kill $producer; wait $producer || [ $? -gt 128 ]
    """

  /// A placeholder of the manual, and what prints what stands for it here. The first that fits replaces.
  static let names: [(pattern: String, script: String)] = [
    (
      "dlq resend billing AC1100010000A1B2C3D4E5F600010000",
      #"echo "dlq resend billing $(mq dlq cat billing --format %i | head -n 1)""#
    ),
    (
      "AC1100010000A1B2C3D4E5F600010000",
      "mq message find -t orders --key order-17 -o name | head -n 1"
    ),
    (
      "resume-check 7F00000100002A9F0000000000001F40",
      #"echo "resume-check $(mq message cat RMQ_SYS_TRANS_HALF_TOPIC -o json | grep -o 'offsetMessageId[^,]*' "#
        + #"| grep -o '[0-9A-F]\{32\}' | tail -n 1)""#
    ),
    (
      "7F00000100002A9F0000000000001F40",
      #"mq message find -t orders --key order-17 -o json | grep -o 'offsetMessageId[^,]*' "#
        + #"| grep -o '[0-9A-F]\{32\}' | head -n 1"#
    ),
    (
      "djEgb3JkZXJzIGIgMTc5NTE2ODgwMDAwMSBJRA==",
      #"mq produce orders later --delay 1h -o json | grep -o 'recallHandle[^,]*' | cut -d'"' -f3"#
    ),
    ("TRANS_CHECK_MAX_TIME_TOPIC/broker-a/0@3", "echo RMQ_SYS_TRANS_HALF_TOPIC/broker-a/0@0"),
    ("-c Prod", "echo -c DefaultCluster"), ("-c Staging", "echo -c DefaultCluster"),
    ("cluster describe Prod", "echo cluster describe DefaultCluster"),
    // Ports of its own; and the interrupt is the server's.
    ("&& mq serve", "echo '&& exec mq serve --namesrv-port 0 --port 0'"),
    ("mq bench produce", "echo mq bench produce --duration 1s"),
    ("mq bench consume", "echo mq bench consume --duration 1s"),
  ]

  /// Exit codes other than 0 that an example is meant to have.
  static let codes: [(pattern: String, code: Int, why: String)] = [
    ("--max-lag 1000", 7, "the group is further behind")
  ]

  /// What somebody else does while an example runs.
  static let asides: [(pattern: String, script: String)] = [
    ("grep 'ERROR", "mq produce orders 'an ERROR'"),
    ("consume orders .*(-f|--follow)|tail orders", "mq produce orders 'one more' --tag new"),
    ("questions -g clerks", "mq produce questions why --reply --timeout 5s"),
    ("produce questions", "timeout 3 mq consume questions -g clerks -f --reply tomorrow || [ $? = 124 ]"),
  ]

  /// Examples that need what `mq serve` is not; a recorded Apache 5.3.3 answers them.
  static let apache: [(pattern: String, why: String)] = [
    ("broker-a:1", "a broker with a slave"),
    ("(--to |broker/)broker-b", "another broker"),
    ("^mq user|^mq acl", "users and rules"),
    ("^mq controller|broker epoch", "a controller"),
    ("broker container", "a container of brokers"),
    ("group clients|message push", "a consumer that says how it runs and takes messages"),
    ("producer list -g", "a producer that stays"),
  ]

  /// What is called otherwise in the recordings. The first that fits replaces.
  static let recordedNames: [(name: String, recorded: String)] = [
    ("orders/broker-a/3@1042", "TopicLive/broker-a/0@1"),
    ("AC1100010000A1B2C3D4E5F600010000", "7F000001029D4E0E2F2A64B2D4570009"),
    ("10.0.0.7@4711", "127.0.0.1@live"), ("orders", "TopicLive"), ("Orders", "TopicLive"),
    ("billing", "CG_Live"), ("PG_TopicLive", "PG_Live"), ("Ledger", "AdmStatic"),
  ]

  /// What the recorded Apache says to requests that its recordings do not have so, by request code.
  static let apacheAnswers: [Int: String] = [
    3001: "", 3002: "", 3003: "", 3006: "", 3007: "", 3008: "",
    3004: user, 3005: "[\(user),\(user.replacing("alice", with: "bob"))]", 3009: rules, 3010: "[\(rules)]",
    309: #"{"autoCommit":true,"consumeResult":"CR_SUCCESS","order":false,"spentTimeMills":0}"#,
    902: "", 903: "", 908: "", 1002: "", 1006: replicas, 1007: epochs, 1011: "", 513: "",
  ]

  private static let replicas = """
    {"replicasInfoTable":{"broker-a":{"inSyncReplicas":[{"alive":true,"brokerAddress":"127.0.0.1:10911",\
    "brokerId":1,"brokerName":"broker-a"},{"alive":true,"brokerAddress":"127.0.0.1:10921","brokerId":2,\
    "brokerName":"broker-a"}],"masterAddress":"127.0.0.1:10911","masterBrokerId":1,"masterEpoch":3,\
    "notInSyncReplicas":[{"alive":false,"brokerAddress":"127.0.0.1:10931","brokerId":3,\
    "brokerName":"broker-a"}],"syncStateSetEpoch":7}}}
    """
  private static let epochs = """
    {"brokerId":1,"brokerName":"broker-a","clusterName":"DefaultCluster","epochList":[{"endOffset":500,\
    "epoch":1,"startOffset":0},{"endOffset":9223372036854775807,"epoch":3,"startOffset":500}],"maxOffset":900}
    """
  private static let user =
    #"{"username":"alice","password":"secret-17","userType":"Normal","userStatus":"enable"}"#
  private static let rules =
    #"{"subject":"User:alice","policies":[{"policyType":"Custom","entries":[{"resource":"Topic:TopicLive","#
    + #""actions":["Pub","Sub"],"sourceIps":["10.0.0.0/8"],"decision":"Allow"}]}]}"#
}
