// The second half of mqadmin's commands; OldCommands.swift says what a row is.

extension OldCommands {
  static let second: [OldCommand] = [
    OldCommand(
      "allocateMQ",
      "t:topic=! i:ipList=!",
      "group assign-simulate {t} --clients {i}"),
    OldCommand(
      "checkMsgSendRT",
      "t:topic=! a:amount= s:size=",
      "bench ping {t} [--count {a}] [--size {s}] --yes"),
    OldCommand(
      "clusterRT",
      "a:amount= s:size= c:cluster= p:print= m:machine= i:interval=",
      "bench ping --brokers [--count {a}] [--size {s}] [-c {c}] [~p ?p] [~m ?m] "
        + "[--watch={i|seconds}] --yes"),
    OldCommand(
      "getNamesrvConfig",
      "",
      "config get namesrv"),
    OldCommand(
      "updateNamesrvConfig",
      "k:key=! v:value=!",
      "config set namesrv {k}={v}"),
    OldCommand(
      "getBrokerConfig",
      "b:brokerAddr= c:clusterName=",
      "config get broker/{b}; config get cluster/{c}"),
    OldCommand(
      "getConsumerConfig",
      "g:groupName=!",
      "group describe {g} --config"),
    OldCommand(
      "queryCq",
      "t:topic=! q:queue=! i:index=! c:count= b:broker= g:consumer=",
      "topic entries {t} -q {q} --from {i} [--limit {c}] [-b {b}] [-g {g}]"),
    OldCommand(
      "sendMessage",
      "t:topic=! p:body=! k:key= c:tags= b:broker= i:qid= m:msgTraceEnable=",
      "produce {t} {p} [--key {k}] [--tag {c}] [-b {b}] [--queue {i}] [~m ?m] [~m !m]"),
    OldCommand(
      "consumeMessage",
      "t:topic=! b:brokerName= i:queueId= o:offset= g:consumerGroup= s:beginTimestamp= "
        + "e:endTimestamp= c:MessageNumber=",
      "consume {t} [-b {b}] [-q {i}] [--from offset={o} ~s] [--from time={s|time} ^o] [~g ?g] "
        + "[~e ?e] [-N {c}]",
      note: "nothing is consumed: the group's offsets stay, as with mqadmin"),
    OldCommand(
      "updateStaticTopic",
      "c:clusters= b:brokers= t:topic=! qn:totalQueueNum=! mf:mapFile= fr:forceReplace=",
      "topic static create {t} --queues {qn} [-c {c}] [-b {b}] [--map-file {mf}] [--force ?fr]"),
    OldCommand(
      "remappingStaticTopic",
      "c:clusters= b:brokers= t:topic=! mf:mapFile= fr:forceReplace=",
      "topic static remap {t} [-c {c}] [{b|to}] [--map-file {mf}] [--force ?fr]"),
    OldCommand(
      "exportMetadata",
      "c:clusterName= b:brokerAddr= f:filePath= t:topic g:subscriptionGroup s:specialTopic",
      "cluster export [-c {c}] [-b {b}] --metadata [~f ?f] [~t ?t] [~g ?g] [--all ~s ?s]",
      note: "what is exported goes to standard output: write > FILE behind it"),
    OldCommand(
      "exportConfigs",
      "c:clusterName=! f:filePath=",
      "cluster export -c {c} --config [~f ?f]",
      note: "what is exported goes to standard output: write > FILE behind it"),
    OldCommand(
      "exportMetrics",
      "c:clusterName=! f:filePath=",
      "cluster export -c {c} --metrics [~f ?f]",
      note: "what is exported goes to standard output: write > FILE behind it"),
    OldCommand(
      "exportMetadataInRocksDB",
      "p:path=! t:configType=! j:jsonEnable=",
      "",
      note: "a RocksDB directory is opened by the broker only: mq broker rocksdb export asks it"),
    OldCommand(
      "exportPopRecord",
      "c:clusterName= b:brokerAddr= d:dryRun=",
      "broker pop-rollback [-b {b}] [-c {c}] [--yes ?d=true] [~d ?d] [~d !d]",
      note: "in mqadmin -d true runs the rollback"),
    OldCommand(
      "haStatus",
      "c:clusterName= b:brokerAddr= i:interval=",
      "broker ha status [{b}] [-c {c}] [--watch={i|seconds}]"),
    OldCommand(
      "getSyncStateSet",
      "a:controllerAddress=! c:clusterName= b:brokerName= i:interval=",
      "controller sync-state -a {a} [-c {c}] [-b {b}] [--watch={i|seconds}]"),
    OldCommand(
      "getBrokerEpoch",
      "c:clusterName= b:brokerName= i:interval=",
      "broker epoch [{b}] [-c {c}] [--watch={i|seconds}]"),
    OldCommand(
      "getControllerMetaData",
      "a:controllerAddress=!",
      "controller status -a {a}"),
    OldCommand(
      "getControllerConfig",
      "a:controllerAddress=!",
      "config get controller/{a}"),
    OldCommand(
      "updateControllerConfig",
      "a:controllerAddress=! k:key=! v:value=!",
      "config set controller/{a} {k}={v}"),
    OldCommand(
      "electMaster",
      "a:controllerAddress=! b:brokerId=! bn:brokerName=! c:clusterName=!",
      "controller elect {bn} {b} -a {a} -c {c} --yes"),
    OldCommand(
      "cleanBrokerMetadata",
      "a:controllerAddress=! bn:brokerName=! b:brokerControllerIdsToClean= c:clusterName= "
        + "l:cleanLivingBroker",
      "controller clean {bn} -a {a} --ids {b|comma} [-c {c}] [--live ?l] --yes"),
    OldCommand(
      "dumpCompactionLog",
      "f:file=!",
      "store dump {f}"),
    OldCommand(
      "getColdDataFlowCtrInfo",
      "b:brokerAddr= c:clusterName=",
      "broker cold list [{b}] [-c {c}]"),
    OldCommand(
      "updateColdDataFlowCtrGroupConfig",
      "g:consumerGroup=! v:threshold=! b:brokerAddr= c:clusterName=",
      "broker cold set -g {g} --threshold {v} [-b {b}] [-c {c}]"),
    OldCommand(
      "removeColdDataFlowCtrGroupConfig",
      "g:consumerGroup=! b:brokerAddr= c:clusterName=",
      "broker cold unset -g {g} [-b {b}] [-c {c}]"),
    OldCommand(
      "setCommitLogReadAheadMode",
      "m:commitLogReadAheadMode=! b:brokerAddr= c:clusterName=",
      "broker read-ahead {b} {m|readAhead} [~c ?c]"),
    OldCommand(
      "createUser",
      "c:clusterName= b:brokerAddr= u:username=! p:password=! t:userType=",
      "user create {u} --password {p} [--type {t|lower}] [-b {b}] [-c {c}]"),
    OldCommand(
      "updateUser",
      "c:clusterName= b:brokerAddr= u:username=! p:password= t:userType= s:userStatus=",
      "user alter {u} [--password {p}] [--type {t|lower}] [--status {s|lower}] [-b {b}] [-c "
        + "{c}]"),
    OldCommand(
      "deleteUser",
      "c:clusterName= b:brokerAddr= u:username=!",
      "user delete {u} [-b {b}] [-c {c}] --yes"),
    OldCommand(
      "getUser",
      "b:brokerAddr= c:clusterName= u:username=!",
      "user describe {u} [-b {b}] [-c {c}]"),
    OldCommand(
      "listUser",
      "b:brokerAddr= c:clusterName= f:filter=",
      "user list [{f}] [-b {b}] [-c {c}]"),
    OldCommand(
      "copyUser",
      "f:fromBroker=! t:toBroker=! u:usernames=",
      "user copy [{u|comma}] --from {f} --to {t}"),
    OldCommand(
      "createAcl",
      "c:clusterName= b:brokerAddr= s:subject=! r:resources=! a:actions=! d:decision=! "
        + "i:sourceIp=",
      "acl create {s} --resource {r} --action {a} --decision {d|lower} [--source-ip {i}] [-b "
        + "{b}] [-c {c}]"),
    OldCommand(
      "updateAcl",
      "c:clusterName= b:brokerAddr= s:subject=! r:resources=! a:actions=! d:decision=! "
        + "i:sourceIp=",
      "acl alter {s} --resource {r} --action {a} --decision {d|lower} [--source-ip {i}] [-b "
        + "{b}] [-c {c}]"),
    OldCommand(
      "deleteAcl",
      "c:clusterName= b:brokerAddr= s:subject=! r:resources=",
      "acl delete {s} [--resource {r}] [-b {b}] [-c {c}] --yes"),
    OldCommand(
      "getAcl",
      "b:brokerAddr= c:clusterName= s:subject=!",
      "acl describe {s} [-b {b}] [-c {c}]"),
    OldCommand(
      "listAcl",
      "b:brokerAddr= c:clusterName= s:subject= r:resource=",
      "acl list [--subject {s}] [--resource {r}] [-b {b}] [-c {c}]"),
    OldCommand(
      "copyAcl",
      "f:fromBroker=! t:toBroker=! s:subjects=",
      "acl copy [{s|comma}] --from {f} --to {t}"),
    OldCommand(
      "rocksDBConfigToJson",
      "t:configType= p:configPath= e:exportFile= j:jsonEnable= c:cluster= b:brokerAddr=",
      "broker rocksdb export [-b {b}] [-c {c}] [--type {t}] [~j ?j]"),
    OldCommand(
      "checkRocksdbCqWriteProgress",
      "c:cluster=! t:topic= cf:checkFrom=",
      "broker rocksdb check -c {c} [-t {t}] [--since {cf|time}]"),
  ]
}
