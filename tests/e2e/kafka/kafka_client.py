# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end tests of source_kafka do to a broker: produce, make and delete topics, delete records.

Through the librdkafka that the plugin uses too, so that no other client has to be installed.
"""
import ctypes
import time

LIBRARY = "librdkafka.so.1"
PRODUCER, COPY = 0, 2
POINTERS = (
    "conf_new new topic_new queue_new queue_poll NewTopic_new DeleteTopic_new DeleteRecords_new NewPartitions_new "
    "topic_partition_list_new topic_partition_list_add"
).split()


class Client:
    def __init__(self, bootstrap):
        self.lib = ctypes.CDLL(LIBRARY)
        for name in POINTERS:
            getattr(self.lib, "rd_kafka_" + name).restype = ctypes.c_void_p
        self.lib.rd_kafka_event_error_string.restype = ctypes.c_char_p
        self.bootstrap = bootstrap
        self.connect()

    def connect(self):
        """A new client, which knows nothing of the topics yet. The one before stays until the process ends."""
        conf = ctypes.c_void_p(self.call("conf_new"))
        why = ctypes.create_string_buffer(500)
        for key, value in (("bootstrap.servers", self.bootstrap), ("acks", "all"), ("log_level", "2"),
                           ("queue.buffering.max.kbytes", "200000"), ("topic.metadata.refresh.fast.interval.ms", "50")):
            assert self.call("conf_set", conf, key.encode(), value.encode(), why, 500) == 0, why.value
        self.kafka = ctypes.c_void_p(self.call("new", PRODUCER, conf, why, 500))
        assert self.kafka.value, why.value
        self.topics = {}

    def call(self, name, *words):
        return getattr(self.lib, "rd_kafka_" + name)(*words)

    def topic(self, name):
        if name not in self.topics:
            self.topics[name] = ctypes.c_void_p(self.call("topic_new", self.kafka, name.encode(), None))
        return self.topics[name]

    def produce(self, name, partition, values):
        """Writes the values (bytes; None: a tombstone) in order; each is on the broker when this returns."""
        before = self.marks(name, partition)[1]
        for value in values:
            done = self.call("produce", self.topic(name), partition, COPY, value, ctypes.c_size_t(len(value or b"")),
                             b"key", ctypes.c_size_t(3), None)
            assert done == 0, f"{name}/{partition}: librdkafka takes no more"
            self.call("poll", self.kafka, 0)
        assert self.call("flush", self.kafka, 60000) == 0, "not delivered within 60 s"
        after = self.marks(name, partition)[1]
        assert after - before == len(values), (name, partition, before, after, len(values))

    def marks(self, name, partition):
        low, high = ctypes.c_int64(), ctypes.c_int64()
        code = self.call("query_watermark_offsets", self.kafka, name.encode(), partition, ctypes.byref(low),
                         ctypes.byref(high), 10000)
        assert code == 0, f"{name}/{partition}: error {code}"
        return low.value, high.value

    def admin(self, call, request):
        """One request of the admin interface; its error as text, or ""."""
        queue = ctypes.c_void_p(self.call("queue_new", self.kafka))
        requests = (ctypes.c_void_p * 1)(request)
        self.call(call, self.kafka, requests, ctypes.c_size_t(1), None, queue)
        event = ctypes.c_void_p(self.call("queue_poll", queue, 30000))
        assert event.value, f"{call}: no answer within 30 s"
        error = self.call("event_error", event)
        text = self.lib.rd_kafka_event_error_string(event).decode() if error else ""
        self.call("event_destroy", event)
        self.call("queue_destroy", queue)
        return text

    def make_topic(self, name, partitions):
        """Makes the topic, also where one of that name is being deleted, and waits until it can be asked."""
        def make():
            why = ctypes.create_string_buffer(500)
            self.admin("CreateTopics", self.call("NewTopic_new", name.encode(), partitions, 1, why, 500))

        self.wait_for(name, partitions, make)

    def wait_for(self, name, partitions, again=lambda: None):
        renewed = time.monotonic()
        deadline = renewed + 60
        while True:
            again()
            try:
                for partition in range(partitions):
                    self.marks(name, partition)
                return
            except AssertionError:
                if time.monotonic() > deadline:
                    raise
                if time.monotonic() > renewed + 2:  # it may go on for long with what it was told of the topic before
                    self.connect()
                    renewed = time.monotonic()

    def delete_topic(self, name):
        assert not self.admin("DeleteTopics", self.call("DeleteTopic_new", name.encode()))
        self.topics.pop(name, None)  # a handle would go on with what it knows of the old one

    def add_partitions(self, name, partitions):
        """The topic has so many partitions when this returns."""
        why = ctypes.create_string_buffer(500)
        error = self.admin("CreatePartitions", self.call("NewPartitions_new", name.encode(), ctypes.c_size_t(partitions),
                                                         why, 500))
        assert not error, error
        self.wait_for(name, partitions, self.connect)  # a client believes its old number of partitions for long

    def delete_records(self, name, partition, before):
        """Removes the records before that offset, as retention does."""
        places = ctypes.c_void_p(self.call("topic_partition_list_new", 1))
        self.call("topic_partition_list_add", places, name.encode(), partition)
        code = self.call("topic_partition_list_set_offset", places, name.encode(), partition, ctypes.c_int64(before))
        assert code == 0, code
        error = self.admin("DeleteRecords", self.call("DeleteRecords_new", places))
        assert not error, error
        assert self.marks(name, partition)[0] == before, self.marks(name, partition)
