-- severity: high
-- needs: times
-- title: a confirm was answered SUCCESS after expire_in
SELECT made.reference,
    'SUCCESS later than ' || CAST(made.expire_in AS VARCHAR) || ' seconds' AS detail,
    paid.source, paid."row"
FROM (
    SELECT pre_transfer_id AS reference, min(seen_at) AS seen_at,
        max(expire_in) AS expire_in
    FROM facts WHERE expire_in IS NOT NULL AND pre_transfer_id IS NOT NULL
    GROUP BY pre_transfer_id
) AS made JOIN (
    SELECT pre_transfer_id AS reference, min(seen_at) AS seen_at,
        min(source) AS source, min("row") AS "row"
    FROM facts WHERE said = 'confirm.fundTransfer' AND result_code = 'SUCCESS'
    GROUP BY pre_transfer_id
) AS paid ON paid.reference = made.reference
WHERE epoch(paid.seen_at) - epoch(made.seen_at) > made.expire_in
