"""A teacher that is asked over HTTP: any endpoint that speaks OpenAI's chat completions."""
