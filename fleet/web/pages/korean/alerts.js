// The alerts in Korean: `alert:RULE` with its figures, what to do (the English of fleet/alerts/rules.py is the key), the page's words.

/** @type {Record<string, string>} */
export const ALERTS = {
  "alert:latency": "최근 1분의 p99(촬영부터 결과까지)가 {worst}까지 올랐습니다. 기한은 {bound}입니다.",
  "Open the node's page: the stage that grew says where. A hot or shared chip, or a larger picture, are the usual causes; a smaller model or a lower rate help.":
    "노드 페이지를 여세요. 늘어난 단계가 원인입니다. 뜨겁거나 함께 쓰는 칩, 더 큰 영상이 흔한 원인이며, 작은 모델이나 낮은 프레임률이 도움이 됩니다.",
  "alert:accuracy": "최근 프레임의 AP가 {worst}까지 내려갔습니다. 최소 {bound}이어야 합니다.",
  "Look at the node's picture beside its truth: a dirty lens, night or rain, frames that were dropped, or another model than was qualified. Compare with the run before.":
    "노드의 영상과 정답을 나란히 보세요. 더러운 렌즈, 밤이나 비, 드롭된 프레임, 검증한 것과 다른 모델일 수 있습니다. 이전 실행과 비교하세요.",
  "alert:lost": "소식이 없습니다. 연결이 끊겼거나 응답이 없습니다.",
  "Check power and network at its place, then its log. What it saw meanwhile is in its spool, and comes when it is back.":
    "설치된 곳의 전원과 네트워크를 확인하고, 노드의 로그를 보세요. 그동안 본 것은 노드에 보관되어 있다가 돌아오면 전송됩니다.",
  "alert:books": "노드가 만들었다고 한 보고 {worst}건이 기록되지 않았거나, 카운터의 합이 맞지 않습니다.",
  "`gilmok hub report RUN` names the missing numbers. Given up by a full spool: give it room; refused: `gilmok hub refused` says why.":
    "`gilmok hub report RUN`이 빠진 번호를 알려 줍니다. 보관 공간이 부족해 포기했다면 공간을 늘리고, 거부되었다면 `gilmok hub refused`가 이유를 알려 줍니다.",
  "alert:hot": "칩 온도가 {worst}까지 올랐습니다. 한계는 {bound}입니다.",
  "Check fan, heat sink and sun. Until then a lower rate or a smaller model; a chip that throttles answers late.":
    "팬, 방열판, 직사광선을 확인하세요. 그때까지 프레임률을 낮추거나 작은 모델을 쓰세요. 스로틀링하는 칩은 늦게 답합니다.",
  "alert:failing": "1분 동안 프레임의 {worst}가 실패했습니다. 한계는 {bound}입니다.",
  "The node's log has the reason of each: a camera that sends what is no picture, or a device that answers with errors (`gilmok backend check`).":
    "노드의 로그에 이유가 있습니다. 영상이 아닌 것을 보내는 카메라이거나, 오류로 답하는 장치입니다(`gilmok backend check`).",
  "alert:refused": "1분 동안 이 노드의 토픽에서 메시지 {worst}건을 허브가 거부했습니다. 한계는 {bound}입니다.",
  "`gilmok hub refused` says which and why: two nodes of one name, a node of another version, or a stranger who speaks in its name.":
    "`gilmok hub refused`가 무엇을 왜 거부했는지 알려 줍니다. 이름이 같은 두 노드, 버전이 다른 노드, 또는 그 이름으로 말하는 외부인입니다.",
  "alert:spool": "어느 허브도 커밋하지 않은 보고를 {worst}건까지 보관했습니다. 한계는 {bound}입니다.",
  "Broker or network are too slow, or the hub is: `gilmok hub nodes`, then the hub's log. When its spool is full it gives up the oldest.":
    "브로커나 네트워크, 또는 허브가 느립니다. `gilmok hub nodes`를 보고 허브의 로그를 보세요. 보관 공간이 차면 가장 오래된 것부터 포기합니다.",
  "alert:disk": "허브의 원장이 있는 디스크에 {worst}까지 줄었습니다. 최소 {bound}이 필요합니다.",
  "Make room, or keep less: [retention] of HUB.toml. A full disk stops the books; nodes keep their reports meanwhile.":
    "공간을 확보하거나 덜 보관하세요(HUB.toml의 [retention]). 디스크가 차면 기록이 멈추고, 그동안 노드가 보고를 보관합니다.",
  "Alerts": "경보",
  "Filter: words of an alert, site, node or stream": "필터: 경보, 사이트, 노드, 스트림의 낱말",
  "Filter alerts": "경보 필터",
  "No alert fits this filter.": "이 필터에 맞는 경보가 없습니다.",
  "What rose and cleared": "발생과 해제 기록",
  "No alert stands.": "지금은 경보가 없습니다.",
  "critical": "심각",
  "warning": "주의",
  "cleared": "해제",
  "the hub": "허브",
  "{n} times": "{n}번",
  "{n} more are not listed.": "{n}건이 더 있습니다.",
  "{n} messages wait": "메시지 {n}건 대기",
  "The webhook does not take them": "웹훅이 받지 않습니다",
  "No rule is configured, so nothing is watched for: add [[alert]] to HUB.toml.": "설정된 규칙이 없어 아무것도 감시하지 않습니다. HUB.toml에 [[alert]]를 추가하세요.",
  "Nobody looks: the hub does not run, or its alerts' process can't read the ledger.": "감시가 멈췄습니다. 허브가 꺼져 있거나, 경보 프로세스가 원장을 읽지 못합니다.",
  "it is well again": "다시 정상입니다",
  "its node said goodbye": "노드가 정상 종료했습니다",
  "no rule asks for it any more": "규칙이 없어졌습니다",
};
