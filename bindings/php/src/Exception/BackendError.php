<?php

declare(strict_types=1);

namespace Kess\Exception;

/** The library cannot be loaded, or it failed. The input is not the cause; nothing was signed or verified. */
final class BackendError extends \RuntimeException implements KessException
{
    use Facts;
}
