-- severity: critical
-- needs: requests, times
-- by: pre_transfer
-- doubt: bool_or(said = 'confirm.fundTransfer' AND error_code IN ('NOTEXIST', 'EXPIRED', 'VALIDATIONERROR'))
-- title: SUCCESS after a signed refusal: was the debit given back?
SELECT refused.reference,
    substr(refused.first, 21) || ' came before SUCCESS' AS detail,
    min(paid.spot) AS spot
FROM (
    SELECT asked_pre_transfer_id AS reference, min(seen_us) AS seen_us,
        min(lpad(CAST(seen_us AS STRING), 20, '0') || error_code) AS first
    FROM facts WHERE said = 'confirm.fundTransfer'
        AND error_code IN ('NOTEXIST', 'EXPIRED', 'VALIDATIONERROR')
    GROUP BY asked_pre_transfer_id
) AS refused JOIN (
    SELECT pre_transfer_id AS reference, seen_us, spot
    FROM facts WHERE result_code = 'SUCCESS' AND pre_transfer_id IS NOT NULL
) AS paid ON paid.reference = refused.reference AND refused.seen_us < paid.seen_us
GROUP BY refused.reference, refused.first
