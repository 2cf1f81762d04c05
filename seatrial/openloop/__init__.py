"""The Locust side of the load: an open model, timed from the intended start.

Owns arrivals, stages, the HTTP client, the journal of requests and the draining. Imports Locust, PyYAML
and the standard library only, and only locustfiles import it: `import locust` patches the whole process,
so it runs in a child whose files the rest of Seatrial reads. A locustfile takes `OpenLoopUser` from
`.user`, `Journey` from `.journey` and `Step` from `.steps`; only `.user` and `.shape` need Locust.
"""
