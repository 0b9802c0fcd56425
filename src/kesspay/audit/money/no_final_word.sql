-- severity: high
-- needs: requests
-- title: a confirm has no final word
SELECT asked.reference, 'neither SUCCESS nor a refusal' AS detail, asked.spot
FROM (
    SELECT asked_pre_transfer_id AS reference, min(spot) AS spot,
        max(CASE WHEN result_code = 'SUCCESS'
            OR error_code IN ('NOTEXIST', 'EXPIRED', 'VALIDATIONERROR', 'USED')
            THEN 1 ELSE 0 END) AS is_final
    FROM facts WHERE said = 'confirm.fundTransfer'
        AND asked_pre_transfer_id IS NOT NULL
    GROUP BY asked_pre_transfer_id
) AS asked
WHERE asked.is_final = 0 AND NOT EXISTS (
    SELECT 1 FROM facts AS made JOIN facts AS paid
        ON made.out_trade_no = paid.out_trade_no
    WHERE made.pre_transfer_id = asked.reference AND paid.result_code = 'SUCCESS')
