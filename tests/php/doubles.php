<?php
/*
 * Writes doubles as json_encode does.
 *
 * Standard input: one double a line, the 16 hexadecimal digits of its bits.
 * Answer: a line with the text under serialize_precision -1, a blank, and the
 * text under 17; "-" stands for a double that json_encode refuses.
 */

declare(strict_types=1);

require __DIR__ . '/tree.php';

function text(float $value, string $precision): string
{
    ini_set('serialize_precision', $precision);
    $text = json_encode($value);
    return $text === false ? '-' : $text;
}

while (($line = fgets(STDIN)) !== false) {
    $value = double_from_hex(rtrim($line, "\n"));
    echo text($value, '-1'), ' ', text($value, '17'), "\n";
}
