# frozen_string_literal: true

# What becomes of a line that Filebeat has read: a document of exactly its fields, or a dead letter that says why not.
#
# Owns what Elasticsearch would refuse a whole batch for, which Logstash would send again for ever. Leaves types and unknown
# fields to the strict mapping, which answers per document. Decides as seatrial/ship/lines.py does.

require "digest"
require "json"

def register(_params); end

def filter(event)
  line = event.get("line")
  reason = fault(event, line)
  [reason ? letter(event, line, reason) : document(event, line)]
end

def fault(event, line)
  return "no JSON: #{event.get('[line][error][message]')}" if event.include?("message")
  return "no JSON object" unless line.is_a?(Hash)

  id = event.get("[@metadata][_id]")
  return "no text in event.id" unless id.is_a?(String) && !id.empty?
  return "event.id is longer than 512 bytes" if id.bytesize > 512 # Elasticsearch's limit for an _id
  return "no time that can be read in @timestamp" unless time?(line["@timestamp"])

  "a field's name that Logstash would misread" if line.keys.any? { |name| misread?(name) }
end

def time?(text)
  text.is_a?(String) && !LogStash::Timestamp.new(text).nil?
rescue StandardError
  false
end

def misread?(name)
  ["@metadata", "@version"].include?(name) || name.match?(/[\[\]]/)
end

# The names keep their dots, as on the disk; the time keeps its digits, to the nanosecond.
def document(event, line)
  id = event.get("[@metadata][_id]")
  made = LogStash::Event.new(line.merge("event.id" => id))
  made.remove("@version")
  made.set("[@metadata][_id]", id)
  # These travel with it into the dead letter queue, should Elasticsearch refuse it.
  made.set("[@metadata][path]", event.get("[log][file][path]"))
  made.set("[@metadata][offset]", event.get("[log][offset]"))
  made
end

def letter(event, line, reason)
  known = line.is_a?(Hash) && !event.include?("message") ? line : {}
  id = event.get("[@metadata][_id]")
  path = event.get("[log][file][path]")
  offset = event.get("[log][offset]")
  original = event.get("message") || JSON.generate(id ? known.merge("event.id" => id) : known)
  fields = {
    "@timestamp" => event.timestamp,
    "letter.id" => letter_id(path, offset, original),
    "event.id" => id && id.to_s[0, 512],
    "service.name" => word(known["service.name"]),
    "service.node.name" => word(known["service.node.name"]),
    "log.file.path" => path,
    "log.offset" => offset,
    "error.message" => reason,
    "event.original" => original[0, 20_000]
  }
  made = LogStash::Event.new(fields.compact)
  made.remove("@version")
  made.set("[@metadata][_id]", fields["letter.id"])
  made.set("[@metadata][letter]", true)
  made
end

# The same for the same line at the same place of a log, also when rotation has renamed the file meanwhile.
def letter_id(path, offset, original)
  log = path.to_s[/\A.*?\.jsonl/] || path
  "letter-#{Digest::SHA256.hexdigest("#{log} #{offset} #{original}")[0, 32]}"
end

def word(value)
  value[0, 512] if value.is_a?(String)
end
