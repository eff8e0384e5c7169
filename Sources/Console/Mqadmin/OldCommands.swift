// The 89 commands of mqadmin 5.3.3 with their options (Apache MQAdminStartup and its SubCommand classes), and
// what is typed here instead.

enum OldCommands {
  /// In the order of Apache's list.
  static let all: [OldCommand] = [
    OldCommand(
      "updateTopic",
      "b:brokerAddr= c:clusterName= t:topic=! a:attributes= r:readQueueNums= w:writeQueueNums= "
        + "p:perm= o:order= u:unit= s:hasUnitSub=",
      "topic create {t} --replace [-b {b}] [-c {c}] [--read-queues {r}] [--write-queues {w}] "
        + "[--perm {p|perm}] [{a|attributes}] [--order ?o] [~o !o] [~u !u] [~s !s]"),
    OldCommand(
      "updateTopicList",
      "b:brokerAddr= c:clusterName= f:filename=!",
      "topic apply -f {f} [-b {b}] [-c {c}]"),
    OldCommand(
      "deleteTopic",
      "t:topic=! c:clusterName=!",
      "topic delete {t} -c {c} --yes"),
    OldCommand(
      "updateSubGroup",
      "g:groupName=! b:brokerAddr= c:clusterName= s:consumeEnable= m:consumeFromMinEnable= "
        + "d:consumeBroadcastEnable= o:consumeMessageOrderly= q:retryQueueNums= r:retryMaxTimes= "
        + "p:groupRetryPolicy= i:brokerId= w:whichBrokerWhenConsumeSlowly= "
        + "a:notifyConsumerIdsChanged= attributes:attributes=",
      "group create {g} --replace [-b {b}] [-c {c}] [--enabled={s}] [--from-min={m}] "
        + "[--broadcast={d}] [--ordered={o}] [--retry-queues {q}] [--retries {r}] [--retry-policy "
        + "{p}] [--broker-id {i}] [--slow-broker-id {w}] [--notify={a}] [{attributes|attributes}]"),
    OldCommand(
      "updateSubGroupList",
      "b:brokerAddr= c:clusterName= f:filename=!",
      "group apply -f {f} [-b {b}] [-c {c}]"),
    OldCommand(
      "setConsumeMode",
      "t:topicName=! g:groupName=! m:mode=! b:brokerAddr= c:clusterName= q:popShareQueueNum=",
      "group mode {g} {m|lower} -t {t} [--share {q}] [-b {b}] [-c {c}]"),
    OldCommand(
      "deleteSubGroup",
      "g:groupName=! b:brokerAddr= c:clusterName= r:removeOffset=",
      "group delete {g} [-b {b}] [-c {c}] [--keep-offsets !r] [--keep-offsets ^r] [~r ?r] "
        + "--yes",
      note: "the dead letters stay; mq group delete --delete-dlq removes them, too"),
    OldCommand(
      "updateBrokerConfig",
      "k:key=! v:value=! b:brokerAddr= c:clusterName= a:updateAllBroker=",
      "config set broker/{b} {k}={v} --force; config set cluster/{c} {k}={v} --force "
        + "[--all-replicas {a|nothing}]"),
    OldCommand(
      "updateTopicPerm",
      "t:topic=! p:perm=! b:brokerAddr= c:clusterName=",
      "topic alter {t} --perm {p|perm} [-b {b}] [-c {c}]"),
    OldCommand(
      "topicRoute",
      "t:topic=! l:list",
      "topic route {t} [~l ?l]"),
    OldCommand(
      "topicStatus",
      "t:topic=! c:cluster=",
      "topic offsets {t} [~c ?c]"),
    OldCommand(
      "topicClusterList",
      "t:topic=!",
      "topic describe {t}"),
    OldCommand(
      "addBroker",
      "c:brokerContainerAddr=! b:brokerConfigPath=!",
      "broker container add {c} {b}"),
    OldCommand(
      "removeBroker",
      "c:brokerContainerAddr=! b:brokerIdentity=!",
      "broker container remove {c} {b} --yes"),
    OldCommand(
      "resetMasterFlushOffset",
      "b:brokerAddr=! o:offset=!",
      "broker ha reset-flush-offset {b} {o} --yes"),
    OldCommand(
      "brokerStatus",
      "b:brokerAddr= c:clusterName=",
      "broker status [{b}] [-c {c}]"),
    OldCommand(
      "queryMsgById",
      "t:topic=! i:msgId=! g:consumerGroup= d:clientId= s:sendMessage= u:unitName= "
        + "f:bodyFormat= c:cluster=",
      "message resend {i} -t {t} ?s --yes; message push {i} -t {t} -g {g} --client {d} --yes; "
        + "message get {i} -t {t} [~u ?u] [~f ?f] [~c ?c]"),
    OldCommand(
      "queryMsgByKey",
      "t:topic=! k:msgKey=! b:beginTimestamp= e:endTimestamp= m:maxNum= c:cluster=",
      "message find -t {t} --key {k} [--since {b|time}] [--until {e|time}] [--limit {m}] [~c "
        + "?c]"),
    OldCommand(
      "queryMsgByUniqueKey",
      "i:msgId=! t:topic=! g:consumerGroup= d:clientId= a:showAll c:cluster=",
      "message push {i} -t {t} -g {g} --client {d} --yes; message get {i} -t {t} [--all ?a] "
        + "[~c ?c]"),
    OldCommand(
      "queryMsgByOffset",
      "t:topic=! b:brokerName=! i:queueId=! o:offset=! f:bodyFormat=",
      "message get {t}/{b}/{i}@{o} [~f ?f]"),
    OldCommand(
      "queryMsgTraceById",
      "i:msgId=! t:traceTopic= b:beginTimestamp= e:endTimestamp= c:maxNum=",
      "message trace {i} [--trace-topic {t}] [--since {b|time}] [--until {e|time}] [~c ?c]"),
    OldCommand(
      "printMsg",
      "t:topic=! c:charsetName= s:subExpression= b:beginTimestamp= e:endTimestamp= "
        + "d:printBody= l:lmqParentTopic=",
      "message cat {t} --limit 1000000 [~c ?c] [--tag {s}] [--since {b|time}] [--until "
        + "{e|time}] [--format %i ~d !d] [~d ?d]"),
    OldCommand(
      "printMsgByQueue",
      "t:topic=! a:brokerName=! i:queueId=! c:charsetName= s:subExpression= b:beginTimestamp= "
        + "e:endTimestamp= p:print= d:printBody= f:calculate=",
      "message cat {t} -b {a} -q {i} --count-by tag ?f [--tag {s}] [~p ?p] [~d ?d]; message "
        + "cat {t} -b {a} -q {i} --limit 1000000 [~c ?c] [--tag {s}] [--since {b|time}] [--until "
        + "{e|time}] [--format %i ~d !d] [~d ?d] [~p ?p] [~p !p] [~f ?f]"),
    OldCommand(
      "sendMsgStatus",
      "b:brokerName=! s:messageSize= c:count=",
      "bench ping --brokers -b {b} [--size {s}] [--count {c}] --yes"),
    OldCommand(
      "brokerConsumeStats",
      "b:brokerAddr=! t:timeoutMillis= l:level= o:order=",
      "broker lag {b} --queues [--timeout {t|milliseconds}] [--min {l}] [--ordered ?o] [~o !o]"),
    OldCommand(
      "producerConnection",
      "g:producerGroup=! t:topic=!",
      "producer list -g {g} -t {t}"),
    OldCommand(
      "consumerConnection",
      "g:consumerGroup=! b:brokerAddr=",
      "group describe {g} [-b {b}]"),
    OldCommand(
      "consumerProgress",
      "g:groupName= t:topicName= s:showClientIP= c:cluster=",
      "group lag {g} --queues [-t {t}] [--clients ?s] [-c {c}]; group list ^g [-c {c}]"),
    OldCommand(
      "consumerStatus",
      "g:consumerGroup=! i:clientId= b:brokerAddr= s:jstack",
      "group clients {g} [--client {i}] [-b {b}] [--stack ?s]"),
    OldCommand(
      "cloneGroupOffset",
      "s:srcGroup=! d:destGroup=! t:topic=! o:offline=",
      "group clone {s} {d} -t {t} [~o ?o] --yes"),
    OldCommand(
      "producer",
      "b:broker=!",
      "producer list -b {b}"),
    OldCommand(
      "clusterList",
      "m:moreStats i:interval= c:clusterName=",
      "cluster list [-o wide ?m] [--watch={i|seconds}] [-c {c}]"),
    OldCommand(
      "topicList",
      "c:clusterModel",
      "topic list --all [--groups ?c]"),
    OldCommand(
      "updateKvConfig",
      "s:namespace=! k:key=! v:value=!",
      "namesrv kv set {s} {k} {v}"),
    OldCommand(
      "deleteKvConfig",
      "s:namespace=! k:key=!",
      "namesrv kv delete {s} {k} --yes"),
    OldCommand(
      "wipeWritePerm",
      "b:brokerName=!",
      "broker drain {b}"),
    OldCommand(
      "addWritePerm",
      "b:brokerName=!",
      "broker undrain {b}"),
    OldCommand(
      "resetOffsetByTime",
      "g:group=! t:topic=! s:timestamp=! f:force= cplus:cplus b:broker= q:queue= o:offset= "
        + "c:cluster=",
      "group seek {g} -t {t} --to offset={o} [-b {b}] [-q {q}] ~s ~f ~cplus [-c {c}] --yes; "
        + "group seek {g} -t {t} --to time={s|time} ^o [-b {b}] [-q {q}] ~f ~cplus [-c {c}] --yes"),
    OldCommand(
      "skipAccumulatedMessage",
      "g:group=! t:topic=! f:force= c:cluster=",
      "group seek {g} -t {t} --to latest ~f [-c {c}] --yes"),
    OldCommand(
      "updateOrderConf",
      "t:topic=! m:method=! v:orderConf=",
      "topic order set {t} {v} ?m=put; topic order get {t} ?m=get [~v ?v]; topic order unset "
        + "{t} ?m=delete [~v ?v]"),
    OldCommand(
      "cleanExpiredCQ",
      "b:brokerAddr= c:cluster=",
      "broker clean cq [-b {b}] [-c {c}] --yes"),
    OldCommand(
      "deleteExpiredCommitLog",
      "b:brokerAddr= c:cluster=",
      "broker clean commitlog [-b {b}] [-c {c}] --yes"),
    OldCommand(
      "cleanUnusedTopic",
      "b:brokerAddr= c:cluster=",
      "broker clean topics [-b {b}] [-c {c}] --yes"),
    OldCommand(
      "startMonitoring",
      "",
      "check all --watch=60s"),
    OldCommand(
      "statsAll",
      "a:activeTopic t:topic=",
      "topic stats [{t}] [--active ?a]"),
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
