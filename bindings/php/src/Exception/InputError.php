<?php

declare(strict_types=1);

namespace Kess\Exception;

/** An argument cannot be used. Nothing was signed. */
class InputError extends \InvalidArgumentException implements KessException
{
    use Facts;
}
