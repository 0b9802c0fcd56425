<?php
/*
 * Time the canonical form of one file in PHP.
 *
 * usage: php -d memory_limit=-1 time_canonical.php FILE ROUNDS
 *
 * Prints the SHA-256 of the canonical text ("-" where there is none) and the
 * seconds of every round.
 */
$text = file_get_contents($argv[1]);
$seconds = [];
$canonical = null;
for ($round = 0; $round < (int) $argv[2]; $round++) {
    $canonical = null;
    $start = hrtime(true);
    $array = json_decode($text, true);
    if (is_array($array)) {
        ksort($array);
        unset($array['sign_type'], $array['sign']);
        $canonical = json_encode($array);
    }
    $seconds[] = (hrtime(true) - $start) / 1e9;
    unset($array);
}
echo is_string($canonical) ? hash('sha256', $canonical) : '-', ' ', implode(' ', $seconds), "\n";
