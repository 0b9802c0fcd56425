<?php
/*
 * Reads the text form of a parameter tree (tests/support/trees.py) into a PHP
 * value. It does not recurse, so nesting has no limit but memory.
 */

declare(strict_types=1);

function tree_read(string $text)
{
    $result = null;
    /* Parallel stacks: the containers that are open, and for a map whose key
       was read the key; false while a key is awaited, null in a list. */
    $open = [];
    $keys = [];
    $pos = 0;
    $length = strlen($text);
    do {
        $kind = $text[$pos++];
        switch ($kind) {
            case '[':
                $open[] = [];
                $keys[] = null;
                continue 2;
            case '{':
                $open[] = [];
                $keys[] = false;
                continue 2;
            case ']':
            case '}':
                $value = array_pop($open);
                array_pop($keys);
                break;
            case 'n':
                $value = null;
                break;
            case 't':
                $value = true;
                break;
            case 'f':
                $value = false;
                break;
            case 'i':
                $end = strpos($text, ';', $pos);
                $value = (int) substr($text, $pos, $end - $pos);
                $pos = $end + 1;
                break;
            case 'd':
                $value = double_from_hex(substr($text, $pos, 16));
                $pos += 17;
                break;
            case 's':
                $colon = strpos($text, ':', $pos);
                $size = (int) substr($text, $pos, $colon - $pos);
                $value = substr($text, $colon + 1, $size);
                $pos = $colon + 1 + $size;
                break;
            default:
                throw new UnexpectedValueException("unknown item at " . ($pos - 1));
        }
        $top = count($open) - 1;
        if ($top < 0) {
            $result = $value;
        } elseif ($keys[$top] === null) {
            $open[$top][] = $value;
        } elseif ($keys[$top] === false) {
            $keys[$top] = $value;
        } else {
            /* Here PHP itself turns a key such as "10" into an integer. */
            $open[$top][$keys[$top]] = $value;
            $keys[$top] = false;
        }
    } while ($pos < $length);
    return $result;
}

function double_from_hex(string $bits): float
{
    return unpack('E', hex2bin($bits))[1];
}
