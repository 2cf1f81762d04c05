# frozen_string_literal: true

# A dead letter of a document that Elasticsearch refused for good: what it was, and the reason.

require "digest"

def register(_params); end

def filter(event)
  event.remove("@version")
  original = event.to_json
  reason = event.get("[@metadata][dead_letter_queue][reason]").to_s
  fields = {
    "@timestamp" => event.get("[@metadata][dead_letter_queue][entry_time]") || event.timestamp,
    "letter.id" => "letter-#{Digest::SHA256.hexdigest(original)[0, 32]}",
    "event.id" => word(event.get("event.id")),
    "service.name" => word(event.get("service.name")),
    "service.node.name" => word(event.get("service.node.name")),
    "log.file.path" => event.get("[@metadata][path]"),
    "log.offset" => event.get("[@metadata][offset]"),
    # Before it stands the whole event once more.
    "error.message" => (reason[/, response: (.*)\z/m, 1] || reason)[0, 2_000],
    "event.original" => original[0, 20_000]
  }
  made = LogStash::Event.new(fields.compact)
  made.remove("@version")
  made.set("[@metadata][_id]", fields["letter.id"])
  [made]
end

def word(value)
  value[0, 512] if value.is_a?(String)
end
