// Every request code of Apache RocketMQ 5.3.3, and what becomes of it here: nothing is forgotten silently.

import Testing
import Wire

@testable import Server

struct RequestListTests {
  enum Fate: Equatable {
    /// Served by both ports of the broker, or not on the fast one, as in Apache.
    case broker, notOnFastPort
    case nameServer
    /// Sent by a broker or name server to its clients, never to it.
    case toClients
    /// In Apache's list of codes, but its brokers answer 3 as well.
    case unservedByApache
    /// Answered 3, for a reason that README's limits name.
    case limit(String)
  }

  static let replication = "a master without slaves"
  static let controller = "no controller"
  static let users = "no users"

  static let list: [(code: Int32, name: String, fate: Fate)] = [
    (10, "SEND_MESSAGE", .broker), (11, "PULL_MESSAGE", .notOnFastPort), (12, "QUERY_MESSAGE", .broker),
    (13, "QUERY_BROKER_OFFSET", .unservedByApache), (14, "QUERY_CONSUMER_OFFSET", .broker),
    (15, "UPDATE_CONSUMER_OFFSET", .broker), (17, "UPDATE_AND_CREATE_TOPIC", .broker),
    (18, "UPDATE_AND_CREATE_TOPIC_LIST", .broker), (21, "GET_ALL_TOPIC_CONFIG", .broker),
    (22, "GET_TOPIC_CONFIG_LIST", .unservedByApache), (23, "GET_TOPIC_NAME_LIST", .unservedByApache),
    (25, "UPDATE_BROKER_CONFIG", .broker), (26, "GET_BROKER_CONFIG", .broker),
    (27, "TRIGGER_DELETE_FILES", .unservedByApache), (28, "GET_BROKER_RUNTIME_INFO", .broker),
    (29, "SEARCH_OFFSET_BY_TIMESTAMP", .broker), (30, "GET_MAX_OFFSET", .broker),
    (31, "GET_MIN_OFFSET", .broker), (32, "GET_EARLIEST_MSG_STORETIME", .broker),
    (33, "VIEW_MESSAGE_BY_ID", .broker), (34, "HEART_BEAT", .broker), (35, "UNREGISTER_CLIENT", .broker),
    (36, "CONSUMER_SEND_MSG_BACK", .broker), (37, "END_TRANSACTION", .broker),
    (38, "GET_CONSUMER_LIST_BY_GROUP", .broker), (39, "CHECK_TRANSACTION_STATE", .toClients),
    (40, "NOTIFY_CONSUMER_IDS_CHANGED", .toClients), (41, "LOCK_BATCH_MQ", .broker),
    (42, "UNLOCK_BATCH_MQ", .broker), (43, "GET_ALL_CONSUMER_OFFSET", .broker),
    (45, "GET_ALL_DELAY_OFFSET", .broker), (46, "CHECK_CLIENT_CONFIG", .broker),
    (47, "GET_CLIENT_CONFIG", .unservedByApache), (60, "GET_TIMER_CHECK_POINT", .broker),
    (61, "GET_TIMER_METRICS", .broker),

    (100, "PUT_KV_CONFIG", .nameServer), (101, "GET_KV_CONFIG", .nameServer),
    (102, "DELETE_KV_CONFIG", .nameServer), (103, "REGISTER_BROKER", .nameServer),
    (104, "UNREGISTER_BROKER", .nameServer), (105, "GET_ROUTEINFO_BY_TOPIC", .nameServer),
    (106, "GET_BROKER_CLUSTER_INFO", .nameServer),

    (200, "UPDATE_AND_CREATE_SUBSCRIPTIONGROUP", .broker),
    (201, "GET_ALL_SUBSCRIPTIONGROUP_CONFIG", .broker), (202, "GET_TOPIC_STATS_INFO", .broker),
    (203, "GET_CONSUMER_CONNECTION_LIST", .broker), (204, "GET_PRODUCER_CONNECTION_LIST", .broker),
    (205, "WIPE_WRITE_PERM_OF_BROKER", .nameServer),
    (206, "GET_ALL_TOPIC_LIST_FROM_NAMESERVER", .nameServer), (207, "DELETE_SUBSCRIPTIONGROUP", .broker),
    (208, "GET_CONSUME_STATS", .broker), (209, "SUSPEND_CONSUMER", .unservedByApache),
    (210, "RESUME_CONSUMER", .unservedByApache),
    (211, "RESET_CONSUMER_OFFSET_IN_CONSUMER", .unservedByApache),
    (212, "RESET_CONSUMER_OFFSET_IN_BROKER", .unservedByApache),
    (213, "ADJUST_CONSUMER_THREAD_POOL", .unservedByApache),
    (214, "WHO_CONSUME_THE_MESSAGE", .unservedByApache), (215, "DELETE_TOPIC_IN_BROKER", .broker),
    (216, "DELETE_TOPIC_IN_NAMESRV", .nameServer), (217, "REGISTER_TOPIC_IN_NAMESRV", .nameServer),
    (219, "GET_KVLIST_BY_NAMESPACE", .nameServer), (220, "RESET_CONSUMER_CLIENT_OFFSET", .toClients),
    (221, "GET_CONSUMER_STATUS_FROM_CLIENT", .toClients), (222, "INVOKE_BROKER_TO_RESET_OFFSET", .broker),
    (223, "INVOKE_BROKER_TO_GET_CONSUMER_STATUS", .broker), (224, "GET_TOPICS_BY_CLUSTER", .nameServer),
    (225, "UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST", .broker),

    (300, "QUERY_TOPIC_CONSUME_BY_WHO", .broker), (301, "REGISTER_FILTER_SERVER", .unservedByApache),
    (302, "REGISTER_MESSAGE_FILTER_CLASS", .unservedByApache), (303, "QUERY_CONSUME_TIME_SPAN", .broker),
    (304, "GET_SYSTEM_TOPIC_LIST_FROM_NS", .nameServer), (305, "GET_SYSTEM_TOPIC_LIST_FROM_BROKER", .broker),
    (306, "CLEAN_EXPIRED_CONSUMEQUEUE", .broker), (307, "GET_CONSUMER_RUNNING_INFO", .broker),
    (308, "QUERY_CORRECTION_OFFSET", .broker), (309, "CONSUME_MESSAGE_DIRECTLY", .broker),
    (310, "SEND_MESSAGE_V2", .broker), (311, "GET_UNIT_TOPIC_LIST", .nameServer),
    (312, "GET_HAS_UNIT_SUB_TOPIC_LIST", .nameServer),
    (313, "GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST", .nameServer), (314, "CLONE_GROUP_OFFSET", .broker),
    (315, "VIEW_BROKER_STATS_DATA", .broker), (316, "CLEAN_UNUSED_TOPIC", .broker),
    (317, "GET_BROKER_CONSUME_STATS", .broker), (318, "UPDATE_NAMESRV_CONFIG", .nameServer),
    (319, "GET_NAMESRV_CONFIG", .nameServer), (320, "SEND_BATCH_MESSAGE", .broker),
    (321, "QUERY_CONSUME_QUEUE", .broker), (322, "QUERY_DATA_VERSION", .nameServer),
    (323, "RESUME_CHECK_HALF_MESSAGE", .broker), (324, "SEND_REPLY_MESSAGE", .broker),
    (325, "SEND_REPLY_MESSAGE_V2", .broker), (326, "PUSH_REPLY_MESSAGE_TO_CLIENT", .toClients),
    (327, "ADD_WRITE_PERM_OF_BROKER", .nameServer), (328, "GET_ALL_PRODUCER_INFO", .broker),
    (329, "DELETE_EXPIRED_COMMITLOG", .broker), (343, "QUERY_TOPICS_BY_CONSUMER", .broker),
    (345, "QUERY_SUBSCRIPTION_BY_CONSUMER", .broker), (351, "GET_TOPIC_CONFIG", .broker),
    (352, "GET_SUBSCRIPTIONGROUP_CONFIG", .broker), (353, "UPDATE_AND_GET_GROUP_FORBIDDEN", .broker),
    (354, "CHECK_ROCKSDB_CQ_WRITE_PROGRESS", .broker), (355, "EXPORT_ROCKSDB_CONFIG_TO_JSON", .broker),
    (361, "LITE_PULL_MESSAGE", .notOnFastPort), (370, "RECALL_MESSAGE", .broker),

    (400, "QUERY_ASSIGNMENT", .broker), (401, "SET_MESSAGE_REQUEST_MODE", .broker),
    (402, "GET_ALL_MESSAGE_REQUEST_MODE", .broker), (513, "UPDATE_AND_CREATE_STATIC_TOPIC", .broker),

    (901, "GET_BROKER_MEMBER_GROUP", .nameServer), (902, "ADD_BROKER", .unservedByApache),
    (903, "REMOVE_BROKER", .unservedByApache), (904, "BROKER_HEARTBEAT", .nameServer),
    (905, "NOTIFY_MIN_BROKER_ID_CHANGE", .limit(replication)),
    (906, "EXCHANGE_BROKER_HA_INFO", .limit(replication)), (907, "GET_BROKER_HA_STATUS", .broker),
    (908, "RESET_MASTER_FLUSH_OFFSET", .broker),

    (1001, "CONTROLLER_ALTER_SYNC_STATE_SET", .limit(controller)),
    (1002, "CONTROLLER_ELECT_MASTER", .limit(controller)),
    (1003, "CONTROLLER_REGISTER_BROKER", .limit(controller)),
    (1004, "CONTROLLER_GET_REPLICA_INFO", .limit(controller)),
    (1005, "CONTROLLER_GET_METADATA_INFO", .limit(controller)),
    (1006, "CONTROLLER_GET_SYNC_STATE_DATA", .limit(controller)),
    (1007, "GET_BROKER_EPOCH_CACHE", .broker), (1008, "NOTIFY_BROKER_ROLE_CHANGED", .limit(replication)),
    (1009, "UPDATE_CONTROLLER_CONFIG", .limit(controller)),
    (1010, "GET_CONTROLLER_CONFIG", .limit(controller)),
    (1011, "CLEAN_BROKER_DATA", .limit(controller)),
    (1012, "CONTROLLER_GET_NEXT_BROKER_ID", .limit(controller)),
    (1013, "CONTROLLER_APPLY_BROKER_ID", .limit(controller)),

    (2001, "UPDATE_COLD_DATA_FLOW_CTR_CONFIG", .broker), (2002, "REMOVE_COLD_DATA_FLOW_CTR_CONFIG", .broker),
    (2003, "GET_COLD_DATA_FLOW_CTR_INFO", .broker), (2004, "SET_COMMITLOG_READ_MODE", .broker),

    (3001, "AUTH_CREATE_USER", .limit(users)), (3002, "AUTH_UPDATE_USER", .limit(users)),
    (3003, "AUTH_DELETE_USER", .limit(users)), (3004, "AUTH_GET_USER", .limit(users)),
    (3005, "AUTH_LIST_USER", .limit(users)), (3006, "AUTH_CREATE_ACL", .limit(users)),
    (3007, "AUTH_UPDATE_ACL", .limit(users)), (3008, "AUTH_DELETE_ACL", .limit(users)),
    (3009, "AUTH_GET_ACL", .limit(users)), (3010, "AUTH_LIST_ACL", .limit(users)),

    (200_050, "POP_MESSAGE", .notOnFastPort), (200_051, "ACK_MESSAGE", .broker),
    (200_052, "PEEK_MESSAGE", .notOnFastPort), (200_053, "CHANGE_MESSAGE_INVISIBLETIME", .broker),
    (200_054, "NOTIFICATION", .notOnFastPort), (200_055, "POLLING_INFO", .notOnFastPort),
    (200_056, "POP_ROLLBACK", .broker), (200_151, "BATCH_ACK_MESSAGE", .broker),
  ]

  @Test func everyCodeHasItsFate() {
    let table = RequestTable(Families.all)
    for (code, name, fate) in Self.list {
      let served = [Role.nameServer, .broker, .fast].map { table.handler(code, at: $0) != nil }
      let expected: [Bool] =
        switch fate {
        case .broker: [false, true, true]
        case .notOnFastPort: [false, true, false]
        case .nameServer: [true, false, false]
        case .toClients, .unservedByApache, .limit: [false, false, false]
        }
      #expect(served == expected, "\(code) \(name)")
    }
  }

  /// Rows have Apache's names, and none is for a code that Apache does not have.
  @Test func rowsAreInTheList() {
    let names = Dictionary(uniqueKeysWithValues: Self.list.map { ($0.code, $0.name) })
    for row in Families.all.joined() {
      #expect(names[row.code.rawValue] == "\(row.name)", "\(row.code)")
    }
    for code in RequestCode.allCases { #expect(names[code.rawValue] != nil, "\(code)") }
  }
}
