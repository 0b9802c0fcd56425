-- severity: high
-- needs: times
-- by: pre_transfer
-- doubt: max(CASE WHEN result_code = 'SUCCESS' THEN seen_us END) - min(CASE WHEN expire_in IS NOT NULL THEN seen_us END) > min(expire_in) * 1000000
-- title: a confirm was answered SUCCESS after expire_in
SELECT made.reference,
    'SUCCESS later than ' || CAST(made.expire_in AS STRING) || ' seconds' AS detail,
    paid.spot
FROM (
    SELECT pre_transfer_id AS reference, min(seen_us) AS seen_us,
        max(expire_in) AS expire_in
    FROM facts WHERE expire_in IS NOT NULL AND pre_transfer_id IS NOT NULL
    GROUP BY pre_transfer_id
) AS made JOIN (
    SELECT pre_transfer_id AS reference, min(seen_us) AS seen_us,
        min(spot) AS spot
    FROM facts WHERE said = 'confirm.fundTransfer' AND result_code = 'SUCCESS'
    GROUP BY pre_transfer_id
) AS paid ON paid.reference = made.reference
WHERE paid.seen_us - made.seen_us > made.expire_in * 1000000
