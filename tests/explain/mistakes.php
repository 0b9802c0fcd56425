<?php
/*
 * Makes the mistakes of kesspay.explain.mistakes with real PHP.
 *
 * Reads a body on standard input. Prints one JSON object: the code of the
 * mistake, and in base64 the text that a signer who makes it would sign.
 */

declare(strict_types=1);

$body = stream_get_contents(STDIN);
$all = json_decode($body, true);

$right = $all;
ksort($right);
unset($right['sign_type'], $right['sign']);

/* Apply a function to every value that is no array, wherever it is. */
function each_leaf(array $array, callable $change): array
{
    array_walk_recursive($array, function (&$value, $key) use ($change): void {
        $value = $change($value, $key);
    });
    return $array;
}

/* Leave out members at every level. */
function without(array $array, callable $drop): array
{
    $kept = [];
    foreach ($array as $key => $value) {
        if ($drop($value)) {
            continue;
        }
        $kept[$key] = is_array($value) && !array_is_list($value)
            ? without($value, $drop)
            : $value;
    }
    return $kept;
}

function sorted_deeply(array $array): array
{
    ksort($array);
    return array_map(
        fn ($value) => is_array($value) ? sorted_deeply($value) : $value,
        $array
    );
}

function pairs(array $array, bool $words): string
{
    $pairs = [];
    foreach ($array as $key => $value) {
        if (is_array($value)) {
            $value = json_encode($value);
        } elseif (is_bool($value) && $words) {
            $value = $value ? 'true' : 'false';
        } elseif (is_int($value) || is_float($value)) {
            $value = json_encode($value);
        }
        $pairs[] = $key . '=' . $value;
    }
    return implode('&', $pairs);
}

$texts = [];

$texts['scope_data'] = (function () use ($all) {
    $data = $all['data'];
    ksort($data);
    return json_encode($data);
})();

$texts['with_sign_empty'] = (function () use ($all) {
    $all['sign'] = '';
    ksort($all);
    unset($all['sign_type']);
    return json_encode($all);
})();
$texts['with_sign_null'] = (function () use ($all) {
    $all['sign'] = null;
    ksort($all);
    unset($all['sign_type']);
    return json_encode($all);
})();
$texts['with_type_kept'] = (function () use ($all) {
    ksort($all);
    unset($all['sign']);
    return json_encode($all);
})();

$texts['order_document'] = (function () use ($all) {
    unset($all['sign_type'], $all['sign']);
    return json_encode($all);
})();
$texts['order_deep'] = json_encode(sorted_deeply($right));
$texts['order_caseless'] = (function () use ($right) {
    ksort($right, SORT_STRING | SORT_FLAG_CASE);
    return json_encode($right);
})();
$texts['order_reverse'] = (function () use ($right) {
    krsort($right);
    return json_encode($right);
})();

$texts['slashes_raw'] = json_encode($right, JSON_UNESCAPED_SLASHES);
$texts['unicode_raw'] = json_encode($right, JSON_UNESCAPED_UNICODE);
$texts['unicode_raw_all'] = json_encode(
    $right,
    JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_LINE_TERMINATORS
);
$texts['html_hex'] = json_encode(
    $right,
    JSON_HEX_TAG | JSON_HEX_AMP | JSON_HEX_APOS | JSON_HEX_QUOT
);
$texts['spacing_pretty_4'] = json_encode($right, JSON_PRETTY_PRINT);
$texts['fraction_kept'] = json_encode($right, JSON_PRESERVE_ZERO_FRACTION);
$texts['order_values'] = (function () use ($all) {
    asort($all);
    unset($all['sign_type'], $all['sign']);
    return json_encode($all);
})();
$texts['order_values_reverse'] = (function () use ($all) {
    arsort($all);
    unset($all['sign_type'], $all['sign']);
    return json_encode($all);
})();
$texts['order_document_reverse'] = (function () use ($all) {
    unset($all['sign_type'], $all['sign']);
    return json_encode(array_reverse($all));
})();
foreach (['sort', 'rsort'] as $name) {
    $values = $all;
    unset($values['sign_type'], $values['sign']);
    $name($values);
    $texts["form_values_$name"] = json_encode($values);
}
$texts['chars_entities'] = json_encode(each_leaf(
    $right,
    fn ($value) => is_string($value) ? htmlspecialchars($value) : $value
));
foreach (
    ['entities_double' => ENT_COMPAT, 'entities_plain' => ENT_NOQUOTES] as $name => $flag
) {
    $texts["chars_$name"] = json_encode(each_leaf(
        $right,
        fn ($value) => is_string($value) ? htmlspecialchars($value, $flag) : $value
    ));
}
$texts['encoding_entities'] = htmlspecialchars(json_encode($right));
$texts['encoding_percent'] = rawurlencode(json_encode($right));
$texts['encoding_json'] = json_encode(json_encode($right));
$texts['numbers_check'] = json_encode($right, JSON_NUMERIC_CHECK);
$texts['numbers_text'] = json_encode(each_leaf(
    $right,
    fn ($value) => is_int($value) || is_float($value)
        ? json_encode($value)
        : $value
));
$texts['numbers_amount_text'] = json_encode(each_leaf(
    $right,
    fn ($value, $key) => $key === 'amount' ? json_encode($value) : $value
));
$texts['numbers_amount_places_text'] = json_encode(each_leaf(
    $right,
    fn ($value, $key) => $key === 'amount'
        ? number_format($value, 2, '.', '')
        : $value
));

$texts['numbers_php_17'] = (function () use ($right) {
    ini_set('serialize_precision', '17');
    $text = json_encode($right);
    ini_set('serialize_precision', '-1');
    return $text;
})();

$texts['numbers_php_100'] = (function () use ($right) {
    ini_set('serialize_precision', '100');
    $text = json_encode($right);
    ini_set('serialize_precision', '-1');
    return $text;
})();

$texts['empty_object'] = (function () use ($body) {
    $array = (array) json_decode($body);
    ksort($array);
    unset($array['sign_type'], $array['sign']);
    return json_encode($array);
})();

$texts['values_no_null'] = json_encode(
    without($right, fn ($value) => $value === null)
);
$texts['values_no_empty'] = json_encode(
    without($right, fn ($value) => $value === null || $value === '')
);
$texts['values_no_empty_top'] = json_encode(array_filter(
    $right,
    fn ($value) => $value !== null && $value !== ''
));
$texts['values_no_falsy_top'] = json_encode(array_filter($right));
$texts['values_trimmed'] = json_encode(each_leaf(
    $right,
    fn ($value) => is_string($value) ? trim($value) : $value
));
$texts['values_trimmed_null'] = json_encode(each_leaf(
    $right,
    function ($value) {
        $value = is_string($value) ? trim($value) : $value;
        return $value === '' ? null : $value;
    }
));

$texts['form_query'] = pairs($right, true);
$texts['form_query_php'] = pairs($right, false);
$texts['form_pairs'] = implode('', array_map(
    fn ($key, $value) => $key . (
        is_string($value) || $value === null ? $value : json_encode($value)
    ),
    array_keys($right),
    $right
));
$texts['form_query_encoded'] = http_build_query($right);
$texts['form_query_rfc3986'] = http_build_query($right, '', '&', PHP_QUERY_RFC3986);
$texts['form_query_decoded'] = urldecode(http_build_query($right));
$texts['library_query'] = pairs(
    array_filter($right, fn ($value) => $value !== null && $value !== ''),
    true
);
$texts['library_query_encoded'] = http_build_query(array_filter($right));

$texts['form_query_json'] = http_build_query(array_map(
    fn ($value) => is_array($value) ? json_encode($value) : $value,
    $right
));
$texts['form_values_php'] = implode('', array_map(
    fn ($value) => is_string($value) || is_bool($value) || $value === null
        ? $value
        : json_encode($value),
    $right
));

$texts['form_values_list'] = json_encode(array_values($right));
foreach (['comma' => ',', 'pipe' => '|'] as $name => $between) {
    $texts["form_values_$name"] = implode($between, array_map(
        fn ($value) => match (true) {
            is_string($value) => $value,
            $value === null => '',
            default => json_encode($value),
        },
        $right
    ));
}

$texts['with_key_member'] = (function () use ($all) {
    $all['key'] = 'not so secret';
    ksort($all);
    unset($all['sign_type'], $all['sign']);
    return json_encode($all);
})();
$texts['with_key_after'] = json_encode($right) . '&key=' . 'not so secret';
$texts['with_key_before'] = 'key=' . 'not so secret' . '&' . json_encode($right);
$texts['with_key_appended'] = json_encode($right) . 'not so secret';
$texts['with_key_prepended'] = 'not so secret' . json_encode($right);

$texts['end_lf'] = json_encode($right) . "\n";
$texts['end_crlf'] = json_encode($right) . "\r\n";
$texts['end_bom'] = "\xEF\xBB\xBF" . json_encode($right);
$texts['hashing_hex'] = hash('sha256', json_encode($right));
$texts['hashing_raw'] = hash('sha256', json_encode($right), true);
$texts['hashing_md5_hex'] = md5(json_encode($right));
$texts['hashing_base64'] = base64_encode(json_encode($right));

/* What json_encode gives for a number that it cannot write. */
$texts['empty'] = (string) json_encode(['x' => INF]);

echo json_encode(array_map('base64_encode', $texts));
