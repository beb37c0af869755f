// A shadow's part of a node's page, in Korean.

/** @type {Record<string, string>} */
export const SHADOW = {
  "Shadow beside the active model": "활성 모델 옆의 섀도", "candidate": "후보 모델", "F1 of agreement": "일치도 F1", "mean IoU of pairs": "쌍의 평균 IoU",
  "pairs": "쌍", "AP, the active model as teacher": "활성 모델을 교사로 한 AP", "AP of both": "두 모델의 AP", "difference": "차이",
  "p99 of the active model with it, without": "활성 모델 p99: 섀도 있을 때, 없을 때", "limit": "한도", "share of the time": "시간 점유율", "at most": "최대",
  "its frames": "섀도의 프레임", "failed": "실패", "skipped": "건너뜀", "baseline": "기준 측정", "budget": "예산 초과", "busy": "처리 중", "turn": "다른 스트림 차례",
  "absent": "준비 안 됨", "no picture": "영상 없음", "loading": "불러오는 중", "running": "실행 중", "ended": "종료",
  "Agreement on the newest {n} frames that both answered; it is no accuracy: both may err alike.":
    "두 모델이 모두 응답한 최근 {n} 프레임의 일치도. 정확도가 아님: 둘 다 같은 식으로 틀릴 수 있음.",
};
