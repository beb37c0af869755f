// What the page says, in the language of whoever reads it: English is the key, Korean stands beside it.

import { ALERTS } from "/pages/alert_words.js";

/** @type {Record<string, string>} */
const KOREAN = {
  ...ALERTS,
  "Fleet": "플릿", "Runs": "실행", "Pages": "페이지", "Nodes": "노드", "Node": "노드", "State": "상태", "Site": "사이트", "Kind": "종류",
  "Heard": "마지막 수신", "Frames/s": "프레임/초", "Dropped": "드롭", "Failed": "실패", "Stages, p50": "단계별 p50", "Model": "모델",
  "Device": "장치", "Run": "실행", "Chip": "칩 온도", "Kept": "보관", "Filter nodes": "노드 필터",
  "Filter: any text, or state:lost": "필터: 아무 글자, 또는 state:lost", "Plan": "배치도", "Last changes": "최근 변화",
  "Nothing has changed since this page's process began to look.": "지켜보기 시작한 뒤로 변화가 없습니다.",
  "No node fits this filter.": "이 필터에 맞는 노드가 없습니다.", "Reading…": "읽는 중…",
  "No node has introduced itself yet. Start one: gilmok node run NODE.toml, or see four: gilmok demo":
    "아직 등록된 노드가 없습니다. 시작: gilmok node run NODE.toml, 또는 예시 네 개: gilmok demo",
  "live": "실시간", "connecting": "연결 중", "no connection": "연결 끊김",
  "online": "온라인", "late": "지연 보고", "stale": "응답 없음", "lost": "연결 상실", "failing": "프레임 실패", "hot": "과열", "refused": "거부됨",
  "offline": "종료", "unknown": "알 수 없음", "introduced": "처음 등록", "began a new session": "새 세션 시작",
  "now": "방금", "{n} s ago": "{n}초 전", "{n} min ago": "{n}분 전", "{n} h ago": "{n}시간 전", "{n} d ago": "{n}일 전",
  "Theme": "테마", "auto": "자동", "light": "밝게", "dark": "어둡게", "Language": "언어",
  "Not shown": "표시할 수 없음", "There is no such page.": "그런 페이지가 없습니다.", "The fleet": "플릿으로", "Log out": "로그아웃",
  "without a place": "위치 없음", "nodes on the plan of": "노드 배치도:",
  "Latency is of the last minute, capture to result, of each node's slowest stream.": "지연은 최근 1분, 촬영부터 결과까지, 각 노드의 가장 느린 스트림 기준입니다.",
  "said last": "마지막 상태", "run": "실행", "kind": "종류", "session": "세션", "model": "모델", "artefact": "아티팩트", "device": "장치",
  "software": "소프트웨어", "temperature": "온도", "power": "전력", "kept until committed": "커밋 전 보관", "not told": "보고 없음",
  "Frames of this session": "이 세션의 프레임", "Stream": "스트림", "Captured": "촬영", "OK": "성공", "Pending": "처리 중", "Evicted": "포기",
  "It has told nothing of its health yet.": "아직 상태 보고가 없습니다.", "Events": "이벤트", "Refused": "거부", "Reason": "이유",
  "Messages": "메시지", "Nothing on its topics was refused.": "거부된 메시지가 없습니다.", "Nothing yet.": "아직 없습니다.",
  "latency by stage": "단계별 지연", "last 5 minutes": "최근 5분", "last hour": "최근 1시간", "Percentile": "백분위", "Span": "구간",
  "No report has come in this span.": "이 구간에 보고가 없습니다.", "Accuracy of late": "최근 정확도", "Picture": "영상",
  "Show the picture": "영상 보기", "Hide the picture": "영상 닫기", "Earlier frame": "이전 프레임", "Later frame": "다음 프레임", "Newest frame": "최신 프레임", "Moment": "시점",
  "{n} more below {score}": "{score} 미만 {n}개 더", "found": "검출", "truth": "정답", "dashed": "점선", "Temperature, power, spool, clock": "온도, 전력, 보관, 시계",
  "No run yet. Start one: gilmok run SCENARIO.toml, or gilmok demo": "아직 실행이 없습니다. 시작: gilmok run SCENARIO.toml 또는 gilmok demo",
  "Began": "시작", "Sessions": "세션 수", "Reports": "보고 수", "Compare": "비교", "Compare A with B": "A와 B 비교", "Comparison": "비교", "Figures": "지표", "AP by class": "클래스별 AP", "Each recording by itself": "녹화별", "Recording": "녹화",
  "What else differs": "그 밖의 차이", "95 % interval": "95 % 구간", "sequences": "시퀀스", "sequence": "시퀀스", "runs": "실행", "blocks": "블록", "Models": "모델",
  "No run fits this filter.": "이 필터에 맞는 실행이 없습니다.", "{n} more: filter to see them.": "{n}개 더 있음: 필터로 좁히세요.",
  "Filter: words of a run, node or model": "필터: 실행, 노드, 모델의 낱말", "WORSE": "나빠짐", "NOT WORSE": "나빠지지 않음", "INCONCLUSIVE": "판정 불가",
  "WORSE HERE": "여기서 나빠짐", "NOT WORSE HERE": "여기서 나빠지지 않음", "CAN'T TELL HERE": "여기서는 판정 불가", "Filter runs": "실행 필터",
  "Report with plots and frames": "그림과 프레임이 있는 보고서", "Export": "내보내기", "Streams": "스트림", "valid": "유효", "books": "장부",
  "balanced": "맞음", "not balanced": "맞지 않음", "yes": "예", "no": "아니오", "detections": "검출 요약", "not valid": "무효",
  "What is wrong, and what is worth knowing": "문제와 참고 사항", "Nothing.": "없음.",
  "Reading its reports, and its recordings' truth…": "보고와 정답을 읽는 중…",
  "Its reports are pruned; the rollups still know this much.": "보고는 정리되었고, 집계에 남은 내용입니다.",
  "Total p50": "전체 p50", "Total p99": "전체 p99", "Streaming AP, hub": "스트리밍 AP(허브)", "Comparing; this may take a minute…": "비교 중, 1분쯤 걸릴 수 있습니다…",
  "clock bound": "시계 오차 한계", "one clock with the hub": "허브와 같은 시계", "Streaming AP, node": "스트리밍 AP(노드)", "AP of answered frames": "응답한 프레임의 AP",
  "frames": "프레임", "answered": "응답", "objects": "객체", "objects a frame": "프레임당 객체", "mean score": "평균 점수", "median height, px": "높이 중앙값, px",
  "first {n} frames": "처음 {n} 프레임", "newest {n} frames": "최근 {n} 프레임", "dropped in 5 s": "5초간 드롭",
  "Drops, temperature, power, spool, clock": "드롭, 온도, 전력, 보관, 시계", "vehicle": "차량", "roadside": "노변",
  "No accuracy: how what is found now differs from what was found when the session began.": "정확도가 아님: 세션 시작 때와 지금 검출의 차이입니다.",
  "Percentiles of stages, stacked, need not add up to the total's.": "단계별 백분위의 합은 전체 백분위와 다를 수 있습니다.",
  "verdict": "판정", "Figure": "지표", "Verdict": "판정", "Difference": "차이", "Interval": "구간", "The whole page": "전체 페이지",
};

const WHERE = "gilmok-language";

/** @returns {string} */
export function language() {
  return localStorage.getItem(WHERE) ?? (navigator.language.startsWith("ko") ? "ko" : "en");
}

/** @param {string} chosen */
export function speak(chosen) {
  localStorage.setItem(WHERE, chosen);
}

/** @param {string} text  @param {Record<string, string | number>} [values] */
export function t(text, values = {}) {
  const said = language() === "ko" ? KOREAN[text] ?? text : text;
  return said.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}
