<?php

declare(strict_types=1);

namespace Kess\Exception;

/**
 * The facts of an exception, which is one of the classes here.
 *
 * @internal
 */
trait Facts
{
    public function __construct(
        string $message,
        private string $reason = '',
        private string $name = '',
        int $status = 0,
        private ?int $position = null,
    ) {
        parent::__construct($message, $status);
    }

    public function reason(): string
    {
        return $this->reason;
    }

    public function code(): string
    {
        return $this->name;
    }

    public function position(): ?int
    {
        return $this->position;
    }
}
