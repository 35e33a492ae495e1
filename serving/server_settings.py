"""How a run is served: the application's settings, and what of the server is not the application's business."""

from typing import Annotated

from pydantic import Field, SecretStr, field_serializer, field_validator, model_validator

from serving.settings import Count, ServeSettings

Port = Annotated[int, Field(ge=1, le=65535)]
Positive = Annotated[float, Field(gt=0)]

_DIGEST = "sha256:"


class ServerSettings(ServeSettings):
    """The `serve` section of a config. No stage depends on it: changing it makes nothing run again.

    A run keeps its resolved config, so keys stand here as digests only; plain keys are given in the environment.
    """

    host: str = "127.0.0.1"
    port: Port = 8000
    replicas: Count = 1
    """Processes that answer searches."""
    max_replicas: Count | None = None
    """How many there may be under load; null for no more than `replicas`."""
    target_requests: Positive = 4.0
    """Requests under way in a replica, on average, beyond which more replicas are started."""
    threads: Count | None = None
    """Threads of a replica's arithmetic; null for the machine's cores divided among the replicas."""
    accept_student: bool = False
    """Serve a student that is clearly worse than the first stage: the gate refuses it else."""
    split_reranker: bool = False
    """Whether the reranker has replicas of its own (for GPUs)."""
    reranker_replicas: Count = 1
    """How many, where it is split out."""
    reranker_gpus: Annotated[float, Field(ge=0)] = 1.0
    """GPUs of each of them; 0 for none."""
    drain_s: Positive = 20.0
    """How long a replica that is told to stop may finish what it has begun."""
    request_timeout_s: Positive = 90.0
    """After how long the proxy gives a request up (status 408): a last resort, longer than every deadline."""

    @property
    def most_replicas(self) -> int:
        """How many replicas there can be at once."""
        return max(self.replicas, self.max_replicas or 0)

    @property
    def reranks(self) -> bool:
        """Whether a student is opened at all; with a window of 0 the first stage is served alone."""
        return self.window != 0

    @field_validator("api_keys", "write_keys")
    @classmethod
    def _digests_alone(cls, keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if not all(key.get_secret_value().startswith(_DIGEST) for key in keys):
            raise ValueError(
                "serve.api_keys and serve.write_keys are kept with the run and hold digests alone (sha256: and 64 hex "
                "digits); give plain keys in the environment, DISTILRANK_API_KEYS and DISTILRANK_WRITE_KEYS"
            )
        return keys

    @field_serializer("api_keys", "write_keys", when_used="json")
    def _written(self, keys: tuple[SecretStr, ...]) -> list[str]:
        return [key.get_secret_value() for key in keys if key.get_secret_value().startswith(_DIGEST)]

    @model_validator(mode="after")
    def _fits(self) -> "ServerSettings":
        if self.max_replicas is not None and self.max_replicas < self.replicas:
            raise ValueError(
                f"serve.max_replicas is {self.max_replicas}, below serve.replicas ({self.replicas}); raise it or "
                "leave it out"
            )
        if self.split_reranker and not self.reranks:
            raise ValueError(
                "serve.window is 0, the first stage alone, and serve.split_reranker gives the student replicas; set "
                "split_reranker to false"
            )
        return self
