-- needs: requests
-- by: pre_transfer
-- doubt: max(CASE WHEN said = 'confirm.fundTransfer' AND asked_pre_transfer_id IS NOT NULL THEN CASE WHEN result_code = 'SUCCESS' OR error_code IN ('NOTEXIST', 'EXPIRED', 'VALIDATIONERROR', 'USED') THEN 1 ELSE 0 END END) = 0
-- Confirms of which no answer was the final word.
SELECT asked_pre_transfer_id AS reference, min(spot) AS spot
FROM facts WHERE said = 'confirm.fundTransfer' AND asked_pre_transfer_id IS NOT NULL
GROUP BY asked_pre_transfer_id
HAVING max(CASE WHEN result_code = 'SUCCESS'
    OR error_code IN ('NOTEXIST', 'EXPIRED', 'VALIDATIONERROR', 'USED')
    THEN 1 ELSE 0 END) = 0
