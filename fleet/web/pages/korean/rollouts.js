// Rollouts, in Korean.

/** @type {Record<string, string>} */
export const ROLLOUTS = {
  "Rollouts": "배포", "Rollout": "배포", "No rollout yet. `gilmok fleet rollout ROLLOUT.toml` begins one.": "배포가 아직 없음. `gilmok fleet rollout ROLLOUT.toml`로 시작.",
  "Name": "이름", "Status": "상태", "Wave": "단계", "Units": "유닛", "Run it": "실행 중", "Failed": "실패", "Began": "시작", "By": "실행자", "Bundle": "번들", "Why": "이유",
  "Where it is worse": "나빠졌을 때", "roll back": "되돌림", "halt": "멈춤", "{n} of {all} run it": "{all}개 중 {n}개가 실행 중", "Beyond the cap": "상한 초과",
  "Waves": "단계", "Asks for": "대상", "Stands": "진행", "Sent": "보냄", "Have it": "적용됨", "{n} of each chip": "칩마다 {n}개",
  "Gates": "게이트", "Gate": "게이트", "Chip": "칩", "Verdict": "판정", "Before": "이전", "Now": "지금", "Worse by, 95 %": "악화 폭, 95 %", "Allowed": "허용", "Looks": "관찰", "At units": "유닛 수",
  "less": "그 이하", "more": "그 이상", "Nothing was measured yet.": "아직 측정된 것이 없음.",
  "Each unit against its own time before it had the bundle, less what happened to units without it; the interval holds at all looks together.":
    "각 유닛을 번들 적용 전의 자신과 비교하고, 번들이 없는 유닛에 일어난 변화를 뺌. 구간은 모든 관찰에서 동시에 성립함.",
  "Unit": "유닛", "Phase": "상태", "Since": "시점", "Runs": "실행 모델", "its own configuration's": "자체 설정의 모델", "What became of it": "경과",
  "running": "진행 중", "paused": "일시 정지", "halted": "멈춤", "rolling back": "되돌리는 중", "rolled back": "되돌림", "aborted": "중단", "done": "완료", "soaking": "관찰 중", "to come": "예정",
  "waiting": "대기", "unfit": "맞지 않음", "sent": "보냄", "active": "적용됨", "failed": "실패", "returning": "되돌아가는 중", "returned": "되돌아감", "left": "떠남", "began": "시작", "wave": "단계", "resumed": "재개",
  "WORSE": "나빠짐", "NOT WORSE": "나빠지지 않음", "INCONCLUSIVE": "판단 불가", "NOT TOLD": "측정값 없음",
  "Before that": "이전 모델", "Device, as read from the chip": "칩에서 읽은 장치", "Reported": "보고 시각", "When": "시각", "Refused or rolled back, and not tried again": "거부했거나 되돌렸고 다시 시도하지 않음",
  "settled": "안정", "matching": "맞는지 확인", "fetching": "받는 중", "verifying": "검증 중", "testing": "자체 시험 중", "switching": "바꾸는 중", "watching": "지켜보는 중", "none": "없음", "working": "진행 중", "kept": "유지", "refused": "거부",
  "p50": "지연 p50", "p99": "지연 p99", "late": "기한 초과", "accuracy": "스트리밍 AP", "drift": "점수 변화", "power": "전력", "temperature": "온도",
};
